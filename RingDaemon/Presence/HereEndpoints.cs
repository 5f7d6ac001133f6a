using Connect.Node.Presence;

namespace Connect.RingDaemon.Presence;

/// <summary>The two calls about who has which topics open: of this node's own board, and of another member's daemon.</summary>
public static class HereEndpoints
{
    public static void AddHere(this IServiceCollection services)
    {
        services.AddSingleton<HereBook>();
        services.AddSingleton<HereRelay>().AddHostedService(p => p.GetRequiredService<HereRelay>());
    }

    public static void MapHere(this IEndpointRouteBuilder v1)
    {
        v1.MapPost("/here", (HereRelay relay, HereTold told) => relay.Tell(told));
        v1.MapPost("/here/member", (HereRelay relay, HereOfMember said) =>
            relay.Hear(said) ? Results.Ok(new HereTaken(true)) : Results.Problem("There is no such member.", statusCode: StatusCodes.Status409Conflict));
    }
}

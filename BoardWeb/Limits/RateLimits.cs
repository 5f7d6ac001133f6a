using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Web;
using Connect.Node.Settings;
using Microsoft.AspNetCore.HttpOverrides;

namespace Connect.BoardWeb.Limits;

/// <summary>
/// How often someone may post or try to sign in. Each node counts for itself, so through a load balancer with n nodes the limits are n times as high
/// at the most. Whoever shows a token that is marked unlimited is not counted.
/// </summary>
public static class RateLimits
{
    /// <summary>Posts in a row, before <see cref="PostEvery"/> counts.</summary>
    public const int PostBurst = 10;

    /// <summary>30 posts a minute.</summary>
    public static readonly TimeSpan PostEvery = TimeSpan.FromSeconds(2);

    /// <summary>Attempts to sign in or up, or to change a password, per minute and client address.</summary>
    public const int SignInsPerMinute = 10;

    public static void AddRateLimits(this IServiceCollection services, NodeSettings settings)
    {
        services.Configure<ForwardedHeadersOptions>(options =>
        {
            // Only a load balancer may say who the client is: one on this machine, or the one people are told to go to.
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            if (Uri.TryCreate(settings.Web.PublicUrl, UriKind.Absolute, out var url) && IPAddress.TryParse(url.Host, out var balancer))
                options.KnownProxies.Add(balancer);
        });
        services.AddRateLimiter(options =>
        {
            options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(Partition);
            options.OnRejected = async (context, _) =>
            {
                context.HttpContext.RequestServices.GetRequiredService<BoardMetrics>().RateLimited.Add();
                var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : PostEvery;
                var seconds = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                context.HttpContext.Response.Headers.RetryAfter = seconds;
                if (Failures.IsForPrograms(context.HttpContext))
                    await Failures.WriteAsync(context.HttpContext, 429, $"Too many requests; try again in {seconds} s.");
            };
        });
    }

    private static RateLimitPartition<string> Partition(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method)) return RateLimitPartition.GetNoLimiter("");
        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        var path = context.Request.Path;
        if (path.StartsWithSegments("/signout")) return RateLimitPartition.GetNoLimiter("");
        if (path.StartsWithSegments("/signin") || path.StartsWithSegments("/signup") || path.StartsWithSegments("/account") || path.StartsWithSegments("/reset"))
        {
            return RateLimitPartition.GetSlidingWindowLimiter("sign:" + address, _ => new()
            {
                PermitLimit = SignInsPerMinute,
                Window = TimeSpan.FromMinutes(1),
                SegmentsPerWindow = 6,
            });
        }
        if (context.User.HasClaim(Identity.Unlimited, "1")) return RateLimitPartition.GetNoLimiter("");
        var who = Identity.AccountOf(context.User) is { } account ? account.ToString() : address;
        return RateLimitPartition.GetTokenBucketLimiter("post:" + who, _ => new()
        {
            TokenLimit = PostBurst,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = PostEvery,
        });
    }
}

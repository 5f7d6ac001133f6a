using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Accounts.External;
using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Archive;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Erasure;
using Connect.BoardWeb.Feeds;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Health;
using Connect.BoardWeb.Hooks;
using Connect.BoardWeb.KeyRing;
using Connect.BoardWeb.Languages;
using Connect.BoardWeb.Limits;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Mail;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Presence;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Search;
using Connect.BoardWeb.Sending;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Web;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Security;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Connect.BoardWeb;

/// <summary>Puts one node's board together.</summary>
public static class Board
{
    /// <summary>
    /// Bytes of a request. A post of 32 KB takes up to six times as much as escaped JSON; above that it is refused unread,
    /// but for files (<see cref="Uploads"/>).
    /// </summary>
    public const int MaxRequestBytes = 256 * 1024;

    /// <summary>Open connections: 5,000 live readers (<see cref="ArrivalWatch.MaxSubscribers"/>) and as many others. More are closed at once.</summary>
    public const int MaxConnections = 10_000;

    public static WebApplication Build(NodeSettings settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(Board).Assembly.GetName().Name,
            // The board's files lie beside it, wherever it is started from.
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = Environments.Production,
        });
        Configure(builder, settings);
        AddServices(builder.Services, settings);
        var app = builder.Build();
        UsePipeline(app, settings);
        return app;
    }

    private static void Configure(WebApplicationBuilder builder, NodeSettings settings)
    {
        builder.WebHost.UseUrls(settings.Web.Url);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information)
            // That there is no key yet is said by KeyRingReader, and by readiness; who shows a wrong token or an old form is told so.
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.None).AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.None)
            .AddFilter("Connect.BoardWeb.Accounts.Identity", LogLevel.Warning);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
    }

    private static void AddServices(IServiceCollection services, NodeSettings settings)
    {
        services.AddSingleton(settings).AddSingleton(settings.Clock).AddSingleton<Uuid7>().AddSingleton<BoardMetrics>();
        services.AddSingleton<IClusterKeys>(p =>
        {
            var log = p.GetRequiredService<ILogger<ClusterKeyFile>>();
            return new ClusterKeyFile(settings.Resolve(settings.KeyFile), settings.Clock, fault => log.LogWarning("{Fault}", fault));
        });
        services.AddSingleton<BoardDatabase>().AddSingleton<IRingDaemonClient, RingDaemonClient>().AddSingleton<NodeNames>();
        services.AddSingleton<WriteBatcher>().AddHostedService(p => p.GetRequiredService<WriteBatcher>());
        services.AddKeyRing();
        services.AddIdentity();
        SignInProviders.Add(services, settings);
        services.AddSingleton<ChannelReader>().AddSingleton<TopicReader>();
        services.AddSingleton<TopicDirectory>().AddHostedService(p => p.GetRequiredService<TopicDirectory>());
        services.AddSingleton<DecisionReader>().AddSingleton<Deciding>().AddSingleton<Reports>().AddSingleton<PostErasure>().AddSingleton<Approving>();
        services.AddSingleton<MarkdownText>().AddSingleton<PostReader>().AddSingleton<VisiblePosts>().AddSingleton<Posting>().AddSingleton<Revising>().AddSingleton<Reactions>();
        services.AddAttention();
        services.AddArchive();
        services.AddSingleton<ArrivalWatch>().AddHostedService(p => p.GetRequiredService<ArrivalWatch>());
        services.AddHere();
        services.AddSingleton<SearchFeeder>().AddHostedService(p => p.GetRequiredService<SearchFeeder>()).AddSingleton<BoardSearch>();
        services.AddSingleton<PostHtml>().AddSingleton<LastWrite>();
        services.AddFiles();
        services.AddAdmission();
        services.AddSingleton<SenderTurn>();
        services.AddMail();
        services.AddHooks();
        services.AddRateLimits(settings);
        services.AddLanguages(settings);
        GuestPages.Add(services);
        services.AddHealth();
        services.AddProblemDetails(o => o.CustomizeProblemDetails = c => c.ProblemDetails.Extensions["node"] = settings.Name);
        services.AddOpenApi("v1");
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        // Forms here have plain names; in jQuery's spelling of nested ones a bracket that is not closed is a fault of the framework's, and so a 500 (found by HttpFuzzTests).
        services.AddRazorPages().AddMvcOptions(o =>
        {
            o.ValueProviderFactories.RemoveType<JQueryFormValueProviderFactory>();
            o.ValueProviderFactories.RemoveType<JQueryQueryStringValueProviderFactory>();
            o.Filters.Add<OnlySoundRequests>();
        });
        services.AddAntiforgery(o =>
        {
            o.Cookie.Name = "connect-form";
            o.SuppressXFrameOptionsHeader = true; // frame-ancestors says it
        });
    }

    private static void UsePipeline(WebApplication app, NodeSettings settings)
    {
        var metrics = app.Services.GetRequiredService<BoardMetrics>();
        app.Use(async (context, next) =>
        {
            await next(context);
            metrics.Answered(context.Response.StatusCode);
        });
        app.UseForwardedHeaders();
        app.UseBoardHeaders(settings.Name);
        app.UseLanguages();
        app.UseFailures();
        app.UseResponseCompression();
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = file => file.Context.Response.Headers.CacheControl =
                // Addresses with a version in them never change what they mean.
                file.Context.Request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "public, max-age=300",
        });
        app.UseRouting();
        app.UseAuthentication();
        app.UseBearerBeforeLimits();
        app.UseRateLimiter();
        app.UseAuthorization();
        GuestPages.Use(app);
        Uploads.Use(app);
        app.MapHealth(settings.Name);
        app.MapOpenApi();
        app.MapApi();
        app.MapOwnExport();
        app.MapSignIn();
        app.MapLive();
        app.MapFeeds();
        app.MapSitemaps();
        FileServing.Map(app);
        app.MapRazorPages();
    }
}

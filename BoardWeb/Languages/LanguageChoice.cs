using Connect.Node.Settings;
using Microsoft.AspNetCore.Localization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Languages;

/// <summary>
/// In which language somebody is answered: the one they chose on <c>/language</c> (a cookie), else the first of their browser's that the board speaks, else the board's own
/// (<see cref="WebSettings.Language"/>). Programs are answered in English: they compare and log what they are told.
/// </summary>
public static class LanguageChoice
{
    /// <summary>Holds the name of a language; anything else in it counts for nothing.</summary>
    public const string Cookie = "connect-language";

    /// <summary>Languages of a browser that are looked at.</summary>
    private const int MaxAccepted = 10;

    /// <summary>How long a choice is remembered. A year.</summary>
    private static readonly TimeSpan Lives = TimeSpan.FromDays(365);

    /// <exception cref="SettingsException">The board does not speak the language that its settings name.</exception>
    public static void AddLanguages(this IServiceCollection services, NodeSettings settings)
    {
        var own = Language.Named(settings.Web.Language)
            ?? throw new SettingsException($"web:language is '{settings.Web.Language}'; the board speaks {string.Join(", ", Language.All.Select(l => l.Name))}.");
        services.Configure<RequestLocalizationOptions>(o =>
        {
            (o.SupportedCultures, o.SupportedUICultures, o.DefaultRequestCulture) = ([.. Language.All], [.. Language.All], new(own));
            o.RequestCultureProviders =
            [
                new CustomRequestCultureProvider(context => Task.FromResult(Chosen(context) is { } name ? new ProviderCultureResult(name) : null)),
                new CustomRequestCultureProvider(context => Task.FromResult(Asked(context) is { } name ? new ProviderCultureResult(name) : null)),
            ];
        });
        // What the framework says of a field of a form that it cannot read.
        services.Configure<MvcOptions>(mvc =>
        {
            var messages = mvc.ModelBindingMessageProvider;
            messages.SetAttemptedValueIsInvalidAccessor((value, _) => T["ValueInvalid", value]);
            messages.SetNonPropertyAttemptedValueIsInvalidAccessor(value => T["ValueInvalid", value]);
            messages.SetValueIsInvalidAccessor(value => T["ValueInvalid", value]);
            messages.SetUnknownValueIsInvalidAccessor(_ => T["ValueUnknown"]);
            messages.SetNonPropertyUnknownValueIsInvalidAccessor(() => T["ValueUnknown"]);
            messages.SetValueMustBeANumberAccessor(_ => T["NumberNeeded"]);
            messages.SetNonPropertyValueMustBeANumberAccessor(() => T["NumberNeeded"]);
            messages.SetValueMustNotBeNullAccessor(_ => T["ValueNeeded"]);
            messages.SetMissingBindRequiredValueAccessor(_ => T["ValueNeeded"]);
            messages.SetMissingKeyOrValueAccessor(() => T["ValueNeeded"]);
            messages.SetMissingRequestBodyRequiredValueAccessor(() => T["ValueNeeded"]);
        });
    }

    /// <summary>Before anything that speaks, failures included.</summary>
    public static void UseLanguages(this WebApplication app) => app.UseWhen(context => !IsForPrograms(context.Request.Path), branch =>
    {
        branch.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                if (Speaks(context)) Describe(context);
                return Task.CompletedTask;
            });
            return next(context);
        });
        branch.UseRequestLocalization();
    });

    /// <summary>What somebody chose; null if they did not.</summary>
    public static string? Chosen(HttpContext context) => Language.Named(context.Request.Cookies[Cookie])?.Name;

    /// <summary>
    /// The language somebody's browser likes best of those that the board speaks: of <c>de-AT</c> only <c>de</c> counts. (The framework's own provider asks .NET for the parent of a culture,
    /// which without ICU knows none.)
    /// </summary>
    private static string? Asked(HttpContext context) => context.Request.GetTypedHeaders().AcceptLanguage.Take(MaxAccepted).Where(l => l.Quality is null or > 0).OrderByDescending(l => l.Quality ?? 1)
        .Select(l => Language.Named(l.Value.ToString().Split('-')[0])?.Name).FirstOrDefault(name => name is not null);

    /// <summary>Remembers a choice in this browser; null forgets it.</summary>
    public static void Choose(HttpContext context, string? name)
    {
        var options = new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, MaxAge = Lives, IsEssential = true };
        if (name is null) context.Response.Cookies.Delete(Cookie, options);
        else context.Response.Cookies.Append(Cookie, name, options);
    }

    private static bool IsForPrograms(PathString path) => path.StartsWithSegments("/api") || path.StartsWithSegments("/health") || path.StartsWithSegments("/openapi") || path.StartsWithSegments("/metrics");

    /// <summary>Pages, feeds and what is sent live; styles, scripts and files are the same for everybody.</summary>
    private static bool Speaks(HttpContext context) => context.Response.StatusCode == StatusCodes.Status304NotModified
        ? context.Request.Path.Value!.EndsWith("/feed", StringComparison.Ordinal)
        : context.Response.ContentType is { } type && (type.StartsWith("text/html", StringComparison.Ordinal) || type.StartsWith("application/atom+xml", StringComparison.Ordinal) || type.StartsWith("text/event-stream", StringComparison.Ordinal));

    /// <summary>Whoever keeps copies must not give somebody a copy in another one's language.</summary>
    private static void Describe(HttpContext context)
    {
        context.Response.Headers.ContentLanguage = context.Features.Get<IRequestCultureFeature>()?.RequestCulture.UICulture.Name;
        context.Response.Headers.AppendCommaSeparatedValues("Vary", "Accept-Language", "Cookie");
    }
}

using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.BoardWeb.Feeds;

/// <summary>
/// For search engines: <c>/robots.txt</c>, and <c>/sitemap.xml</c>, which names one map for each month since the first topic. Ids begin with their time, so a month's topics are found by key.
/// </summary>
public static class Sitemaps
{
    /// <summary>Addresses of one map, as the protocol of sitemaps.org allows; of a month with more topics the first so many.</summary>
    public const int MaxAddresses = 50_000;

    private const string Month = "yyyy-MM";
    private static readonly XNamespace Schema = "http://www.sitemaps.org/schemas/sitemap/0.9";

    public static void MapSitemaps(this WebApplication app)
    {
        app.MapGet("/robots.txt", (HttpContext context, NodeSettings settings) => Results.Text(
            $"User-agent: *\nDisallow: /account\nDisallow: /moderation\nDisallow: /search\nDisallow: /signin\nDisallow: /signup\nSitemap: {new Uri(FeedEndpoints.RootOf(context, settings), "/sitemap.xml")}\n")).ExcludeFromDescription();
        app.MapGet("/sitemap.xml", IndexAsync).ExcludeFromDescription();
        app.MapGet("/sitemap/{month}.xml", MonthAsync).ExcludeFromDescription();
    }

    private static async Task<IResult> IndexAsync(HttpContext context, BoardDatabase database, NodeSettings settings, TimeProvider time, CancellationToken cancel)
    {
        var first = await database.ReadAsync(c => c.ExecuteScalar<byte[]?>("SELECT MIN(id) FROM topic"), cancel);
        var root = FeedEndpoints.RootOf(context, settings);
        List<XElement> maps = [];
        if (first is not null)
        {
            var began = Uuid7.TimeOf(Ids.Of(first)).UtcDateTime;
            for (var month = new DateTime(began.Year, began.Month, 1); month <= time.GetUtcNow().UtcDateTime; month = month.AddMonths(1))
                maps.Add(new(Schema + "sitemap", new XElement(Schema + "loc", new Uri(root, $"/sitemap/{month.ToString(Month, CultureInfo.InvariantCulture)}.xml"))));
        }
        return Xml(new(Schema + "sitemapindex", maps));
    }

    private static async Task<IResult> MonthAsync(string month, HttpContext context, BoardDatabase database, NodeSettings settings, CancellationToken cancel)
    {
        if (!DateTime.TryParseExact(month, Month, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var begin) || begin.Year is < 1970 or > 9000) return Results.NotFound();
        var topics = await database.ReadAsync(c => c.Query<byte[]>($"""
            SELECT t.id FROM topic t WHERE t.id >= @from AND t.id < @to
              AND {Shown.Topic("t.id")}
              AND NOT EXISTS (SELECT 1 FROM topic e WHERE e.request_key = t.request_key AND e.id < t.id)
            ORDER BY t.id LIMIT {MaxAddresses}
            """, new { from = Ids.Bytes(Uuid7.LowestAt(begin)), to = Ids.Bytes(Uuid7.LowestAt(begin.AddMonths(1))) }).ToList(), cancel);
        var root = FeedEndpoints.RootOf(context, settings);
        return Xml(new(Schema + "urlset", topics.Select(id => new XElement(Schema + "url", new XElement(Schema + "loc", new Uri(root, $"/t/{Ids.Of(id)}"))))));
    }

    private static IResult Xml(XElement root) => Results.Bytes(Encoding.UTF8.GetBytes("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + root.ToString(SaveOptions.DisableFormatting)), "application/xml; charset=utf-8");
}

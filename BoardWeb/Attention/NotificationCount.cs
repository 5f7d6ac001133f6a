using System.Data.Common;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;

namespace Connect.BoardWeb.Attention;

/// <summary>The number of new notifications at the top of every page: asked for every <see cref="Known"/> for each person, in one query, and left out when it does not come at once.</summary>
public sealed class NotificationCount(Notifications notifications, TimeProvider time)
{
    /// <summary>For so long a number is taken for what it was. 10 s.</summary>
    public static readonly TimeSpan Known = TimeSpan.FromSeconds(10);

    /// <summary>How long a page waits for it, 300 ms; and if it did not come, for how long no page asks again, 2 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300), Rest = TimeSpan.FromSeconds(2);

    private const int MaxKnown = 10_000;

    private readonly Remembered<Guid, int?> _known = new(MaxKnown, time);

    /// <summary>Null for guests, and if nobody can tell now.</summary>
    public async Task<int?> OfAsync(ClaimsPrincipal user, CancellationToken cancel)
    {
        if (Identity.AccountOf(user) is not { } account) return null;
        if (_known.Find(account) is { } known && known.Age < (known.Value is null ? Rest : Known)) return known.Value;
        try
        {
            return Remember(account, await notifications.CountAsync(user, cancel).WaitAsync(Patience, time, cancel));
        }
        catch (Exception e) when (e is DatabaseUnavailableException or TimeoutException or DbException or OperationCanceledException)
        {
            return Remember(account, null); // a page is not slow or wrong for the sake of a number, nor the next one
        }
    }

    /// <summary>Something has changed for them here.</summary>
    public void Forget(Guid account) => _known.Forget(account);

    /// <summary>They are looking at the list.</summary>
    public void Seen(Guid account) => Remember(account, 0);

    private int? Remember(Guid account, int? count)
    {
        _known.Put(account, count);
        return count;
    }
}

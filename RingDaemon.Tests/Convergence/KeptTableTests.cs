using Connect.RingDaemon.Convergence;

namespace Connect.RingDaemon.Tests.Convergence;

/// <summary>What a node believes of its own rows, against a table that somebody tampers with in every way.</summary>
public sealed class KeptTableTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private readonly ModelTable _table = new("post");
    private readonly KeptTable _kept;

    public KeptTableTests() => _kept = new("post", _table, TimeProvider.System);

    [Fact]
    public async Task Nothing_is_read_where_nobody_wrote()
    {
        Fill(10_000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        var read = _table.RowsDigested;
        for (var i = 0; i < 5; i++) await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(read, _table.RowsDigested);
        Assert.Equal(1, _kept.WholeReads);
        Assert.InRange(_kept.Tree.Leaves.Count, 3, 200);
        Assert.All(_kept.Tree.Leaves, leaf => Assert.InRange(leaf.Sum.Rows, 1, DigestTree.MostRows));
    }

    [Fact]
    public async Task New_rows_are_read_and_the_old_ones_are_not()
    {
        Fill(20_000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        var read = _table.RowsDigested;
        for (var i = 0; i < 100; i++) _table.Insert(KeyAt(DateTimeOffset.UtcNow, i));
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.InRange(_table.RowsDigested - read, 100, 2 * DigestTree.MostRows);
        Assert.Equal(1, _kept.WholeReads);
    }

    [Fact]
    public async Task Rows_that_come_late_are_found_by_counting()
    {
        Fill(20_000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        _table.Insert(KeyAt(DateTimeOffset.UtcNow.AddDays(-3), 1));
        _table.Insert(KeyAt(DateTimeOffset.UtcNow.AddMonths(-8), 2));
        _table.Insert(0);
        _table.Insert(UInt128.MaxValue);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.Equal(1, _kept.WholeReads);
    }

    /// <summary>An import: thousands of rows with keys older than all others.</summary>
    [Fact]
    public async Task Imported_rows_are_found_by_counting_and_the_others_are_not_read_again()
    {
        Fill(20_000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        var read = _table.RowsDigested;
        for (var i = 0; i < 3000; i++) _table.Insert(KeyAt(DateTimeOffset.UnixEpoch.AddYears(30).AddHours(i * 7), i));
        for (var i = 0; i < 3000; i++) _table.Insert(KeyAt(DateTimeOffset.UnixEpoch, i));
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.Equal(1, _kept.WholeReads);
        Assert.InRange(_table.RowsDigested - read, 6000, 20_000);
        Assert.All(_kept.Tree.Leaves, leaf => Assert.InRange(leaf.Sum.Rows, 1, DigestTree.MostRows));
    }

    [Fact]
    public async Task A_row_deleted_by_hand_is_found_by_counting()
    {
        Fill(20_000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        var read = _table.RowsDigested;
        _table.Delete(_table.Rows.Keys.ElementAt(7000));
        _table.Insert(KeyAt(DateTimeOffset.UtcNow, 1));
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.Equal(1, _kept.WholeReads);
        Assert.InRange(_table.RowsDigested - read, 1, 3 * DigestTree.MostRows);
    }

    [Fact]
    public async Task A_row_changed_by_hand_makes_everything_be_read_again()
    {
        Fill(5000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        _table.Update(_table.Rows.Keys.ElementAt(4000), 99);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.Equal(2, _kept.WholeReads);
    }

    [Fact]
    public async Task A_row_replaced_by_another_in_the_same_range_does_not_hide()
    {
        Fill(5000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        var victim = _table.Rows.Keys.ElementAt(2500);
        _table.Delete(victim);
        _table.Insert(victim + 1);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
    }

    [Theory]
    [InlineData("statistics")]
    [InlineData("flush")]
    [InlineData("restart")]
    public async Task Counters_that_begin_anew_prove_nothing(string how)
    {
        Fill(5000);
        var now = _table.Clock();
        _table.Clock = () => now;
        await _kept.RefreshAsync(null, whole: false, Cancel);
        for (var i = 0UL; i < 5; i++) _table.Update(_table.Rows.Keys.ElementAt(100), 50 + i);
        if (how == "statistics") (now, _) = (now.AddSeconds(5), true);
        if (how == "statistics") _table.MakeStatistics();
        else if (how == "flush") _table.Flush();
        else now = now.AddMinutes(-50);
        for (var i = 0UL; i < 5; i++) _table.Update(_table.Rows.Keys.ElementAt(200), 50 + i); // the counter is at five again, where it was
        now = now.AddSeconds(5);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.Equal(2, _kept.WholeReads);
    }

    [Fact]
    public async Task A_transaction_in_flight_is_neither_counted_nor_an_alarm()
    {
        Fill(5000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        var settled = _kept.SettledAt;
        _table.Begin(KeyAt(DateTimeOffset.UtcNow, 1));
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(settled, _kept.SettledAt); // nothing is proven while it lasts
        Assert.Equal(1, _kept.WholeReads);
        _table.Commit();
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.True(_kept.SettledAt > settled);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.Equal(1, _kept.WholeReads);
    }

    [Fact]
    public async Task Rows_rolled_back_are_an_alarm_that_reading_ends()
    {
        Fill(5000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        _table.Begin(1);
        _table.Rollback();
        await _kept.RefreshAsync(null, whole: false, Cancel);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.Equal(2, _kept.WholeReads);
    }

    [Fact]
    public async Task While_somebody_writes_all_the_time_rows_are_followed_and_nothing_is_proven()
    {
        Fill(5000);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        var (settled, key) = (_kept.SettledAt, 0);
        _table.BeforeCount = () => _table.Insert(KeyAt(DateTimeOffset.UtcNow, key++));
        _table.BeforeCount();
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(settled, _kept.SettledAt);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        _table.BeforeCount = null;
        _table.Update(_table.Rows.Keys.ElementAt(10), 77);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
    }

    [Fact]
    public async Task Without_counters_a_change_is_found_when_everything_is_read()
    {
        Fill(3000);
        _table.ShowsCounters = false;
        await _kept.RefreshAsync(null, whole: false, Cancel);
        var settled = _kept.SettledAt;
        _table.Update(_table.Rows.Keys.ElementAt(10), 77);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(settled, _kept.SettledAt);
        Assert.NotEqual(_table.Truth, _kept.Tree.Total);
        await _kept.RefreshAsync(null, whole: true, Cancel);
        Assert.True(_kept.SettledAt > settled);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
    }

    [Fact]
    public async Task Rotation_reaches_every_row_also_where_the_tree_says_there_are_none()
    {
        Fill(5000);
        _table.ShowsCounters = false;
        await _kept.RefreshAsync(null, whole: false, Cancel);
        _table.Update(_table.Rows.Keys.ElementAt(4321), 77);
        _table.Insert(0);
        _table.Insert(UInt128.MaxValue);
        _table.Delete(_table.Rows.Keys.ElementAt(1000));
        var steps = 0;
        while (!await _kept.RereadAsync(700, Cancel)) steps++;
        Assert.InRange(steps, 3, 200);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
    }

    [Fact]
    public async Task Keys_that_crowd_in_one_millisecond_make_deeper_leaves()
    {
        for (var i = 0; i < 10_000; i++) _table.Insert(((UInt128)0x01A1_0000_0000_7000 << 64) | (UInt128)(ulong)i);
        await _kept.RefreshAsync(null, whole: false, Cancel);
        Assert.Equal(_table.Truth, _kept.Tree.Total);
        Assert.All(_kept.Tree.Leaves, leaf => Assert.InRange(leaf.Sum.Rows, 1, DigestTree.MostRows));
    }

    private void Fill(int rows)
    {
        var at = DateTimeOffset.UtcNow.AddHours(-rows / 100.0);
        for (var i = 0; i < rows; i++) _table.Insert(KeyAt(at.AddSeconds(i * 35.0), i));
    }

    private static UInt128 KeyAt(DateTimeOffset at, int i) => ((UInt128)(ulong)at.ToUnixTimeMilliseconds() << 80) | ((UInt128)0x7000 << 64) | (UInt128)(ulong)i;
}

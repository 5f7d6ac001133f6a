using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Ring;

/// <summary>When a node says that it cannot reach n1, and when it takes that back.</summary>
public class BrokenLinksTests
{
    private readonly BrokenLinks _links = new(new RingOptions());
    private TimeSpan _now = TimeSpan.FromSeconds(100);

    [Theory]
    [InlineData("n1 n2 n3", true)]
    [InlineData("n1? n2 n3", false)] // gossip will soon know
    [InlineData("n1! n2 n3", false)]
    [InlineData("n1- n2 n3", false)] // its own daemon knows
    [InlineData("n2 n3", false)]
    public void Only_the_link_to_somebody_who_is_well_by_all_accounts_is_broken(string view, bool broken)
    {
        _links.Found("n1", answers: false, _now);
        Assert.False(Broken(After(3.9), view));
        Assert.Equal(broken, Broken(After(0.1), view));
    }

    /// <summary>A frozen server that wakes is well by all accounts a moment before this node has looked again (simulate --draw return --seed 139).</summary>
    [Fact]
    public void Silence_counts_from_when_the_member_is_well_by_all_accounts()
    {
        _links.Found("n1", answers: false, _now);
        Assert.False(Broken(After(9), "n1- n2 n3"));
        Assert.False(Broken(After(0.1)));
        Assert.False(Broken(After(3.8)));
        Assert.True(Broken(After(0.1)));
    }

    [Fact]
    public void An_answer_ends_the_silence()
    {
        _links.Found("n1", answers: false, _now);
        After(3);
        _links.Found("n1", answers: true, _now);
        After(0.1);
        _links.Found("n1", answers: false, _now);
        Assert.False(Broken(After(3.9)));
        Assert.True(Broken(After(0.1)));
    }

    [Fact]
    public void The_silence_of_somebody_who_is_not_watched_any_more_is_not_followed()
    {
        _links.Found("n1", answers: false, _now);
        _links.Watching("n2");
        Assert.False(Broken(After(60)));
    }

    [Fact]
    public void A_pause_of_this_node_is_nobodys_silence()
    {
        _links.Found("n1", answers: false, _now);
        After(60);
        _links.Paused(_now);
        Assert.False(Broken(_now));
        Assert.True(Broken(After(4)));
    }

    [Fact]
    public void It_is_taken_back_after_ten_seconds_of_answers_without_a_break_and_later_each_time()
    {
        double[] waits = [10, 20, 40, 80];
        foreach (var wait in waits)
        {
            _links.Found("n1", answers: false, _now);
            Assert.True(Broken(After(4)));
            _links.Found("n1", answers: true, _now);
            After(wait - 0.1);
            _links.Found("n1", answers: false, _now);
            Assert.True(Broken(After(wait)));
            _links.Found("n1", answers: true, _now);
            Assert.True(Broken(After(wait - 0.1)));
            Assert.False(Broken(After(0.1)));
        }
    }

    [Fact]
    public void Whoever_left_is_forgotten_and_the_names_are_few()
    {
        var view = Members.View("n1 n2 n3 n4 n5 n6 n7");
        foreach (var member in new[] { "n1", "n2", "n3", "n4", "n5" })
        {
            _links.Found(member, answers: false, _now);
            After(4);
            _links.Judge(view, _now);
        }
        Assert.Equal(["n1", "n2", "n3", "n4"], _links.Names.Names);
        _links.Judge(Members.View("n1 n3 n4 n5"), _now);
        Assert.Equal(["n1", "n3", "n4", "n5"], _links.Names.Names); // there is room again, and it is silent still
    }

    private TimeSpan After(double seconds) => _now += TimeSpan.FromSeconds(seconds);

    private bool Broken(TimeSpan now, string view = "n1 n2 n3")
    {
        _links.Judge(Members.View(view), now);
        return _links.Names.Equals(new NameList(["n1"]));
    }
}

using Connect.LoadTests.Posting;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public class LedgerTests
{
    private static readonly Guid Early = new("01900000-0000-7000-8000-000000000001");
    private static readonly Guid Later = new("01900000-0000-7000-8000-000000000002");

    [Fact]
    public void An_acknowledged_post_that_a_node_lacks_is_missing()
    {
        var promise = Promise(Early);
        var fault = Assert.Single(LedgerJudge.Missing("n2", [promise], [Row(Later, LedgerJudge.NewToken())]));
        Assert.Equal(("n2", promise.Token), (fault.Node, fault.Token));
    }

    [Fact]
    public void A_row_with_the_right_id_and_another_body_does_not_keep_the_promise() =>
        Assert.Single(LedgerJudge.Missing("n1", [Promise(Early)], [Row(Early, LedgerJudge.NewToken())]));

    [Fact]
    public void A_kept_promise_is_no_fault()
    {
        var promise = Promise(Early);
        Assert.Empty(LedgerJudge.Missing("n1", [promise], [Row(Early, promise.Token)]));
    }

    [Fact]
    public void Two_rows_of_one_request_are_seen_once_because_only_the_earliest_id_counts()
    {
        var token = LedgerJudge.NewToken();
        Assert.Empty(LedgerJudge.Doubled("n1", [Row(Later, token, "AB"), Row(Early, token, "AB")]));
    }

    [Theory]
    [InlineData("AB", "CD")]
    [InlineData(null, null)]
    [InlineData("AB", null)]
    public void One_body_under_different_requests_is_seen_twice(string? one, string? other)
    {
        var token = LedgerJudge.NewToken();
        Assert.Single(LedgerJudge.Doubled("n1", [Row(Early, token, one), Row(Later, token, other)]));
    }

    [Fact]
    public void A_token_is_found_in_a_rendered_post()
    {
        var token = LedgerJudge.NewToken();
        Assert.Equal(token, LedgerJudge.TokenOf($"data: <p>Measured: {token}</p>"));
        Assert.Null(LedgerJudge.TokenOf("data: ping"));
    }

    private static Acknowledged Promise(Guid id) => new("key", LedgerJudge.NewToken(), id, "n1", 0, 201, 1);

    private static StoredPost Row(Guid id, string token, string? requestKey = null) => new(id, $"Measured: {token}", requestKey);
}

using System.Collections.Concurrent;
using System.Net;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public class PostingClientTests
{
    [Fact]
    public async Task A_failed_request_is_noted_and_sent_again_with_the_same_key_until_it_is_acknowledged()
    {
        using var board = new Board([HttpStatusCode.ServiceUnavailable, HttpStatusCode.BadGateway, HttpStatusCode.Created]);
        var ledger = new Ledger();
        Assert.Equal(Outcome.Ok, (await Client(board, ledger).PostAsync("word")).Outcome);
        Assert.Equal(3, board.Keys.Count);
        Assert.Single(board.Keys.Distinct());
        Assert.Equal(["503", "502"], ledger.Failed.Select(f => f.Detail));
        var promise = Assert.Single(ledger.Acknowledged);
        Assert.Equal((3, "n2", 201), (promise.Attempts, promise.BoardNode, promise.Status));
    }

    [Fact]
    public async Task A_pending_copy_is_an_acknowledgement_of_its_own_class()
    {
        using var board = new Board([HttpStatusCode.Accepted]);
        var ledger = new Ledger();
        Assert.Equal(Outcome.Pending, (await Client(board, ledger).PostAsync("word")).Outcome);
        Assert.Equal(202, Assert.Single(ledger.Acknowledged).Status);
    }

    [Fact]
    public async Task A_refusal_that_will_not_change_is_a_wrong_answer_and_ends_the_attempts()
    {
        using var board = new Board([HttpStatusCode.NotFound]);
        var ledger = new Ledger();
        Assert.Equal(new Response(Outcome.Wrong, "404"), await Client(board, ledger).PostAsync("word"));
        Assert.Equal("word", Assert.Single(ledger.GivenUp));
    }

    private static PostingClient Client(Board board, Ledger ledger) => new(new HttpClient(board, disposeHandler: false) { BaseAddress = new("http://board") }, Guid.NewGuid(), ledger);

    private sealed class Board(IEnumerable<HttpStatusCode> answers) : HttpMessageHandler
    {
        private readonly Queue<HttpStatusCode> _answers = new(answers);

        public ConcurrentQueue<string> Keys { get; } = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Keys.Enqueue(request.Headers.GetValues("Idempotency-Key").Single());
            return Task.FromResult(new HttpResponseMessage(_answers.Dequeue())
            {
                Content = new StringContent($$"""{"id":"{{Guid.NewGuid()}}","node":"n2","copies":1}"""),
            });
        }
    }
}

using System.Data.Common;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.Node.Database;
using Dapper;

namespace Connect.LoadTests.CatchUp;

/// <summary>
/// How many posts of a topic a server holds, asked four times a second of a server that has better things to do: counting a third of a million rows each time takes a good part of the
/// processor that is to catch up. Posts arrive about in the order of their ids, which begin with their time: what is a minute older than the newest is counted once. What came late
/// all the same is found every ten seconds, when all are counted; until then the node seems further behind than it is, never further ahead.
/// </summary>
public sealed class PostCount(BoardTopic topic)
{
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AllEvery = TimeSpan.FromSeconds(10);

    private const string FromBound = "FROM post WHERE topic_id = @topic AND id <> @first AND id >= @bound";

    private Guid _bound; // ids below it are counted already
    private long _below;
    private long _all = Clock.Now;

    /// <summary>Posts of the topic without the one it began with.</summary>
    /// <param name="connection">To the server.</param>
    /// <param name="exactly">Counts all of them, whatever that costs.</param>
    public long Read(DbConnection connection, bool exactly)
    {
        if (exactly || Clock.Now > Clock.After(_all, AllEvery))
        {
            (_bound, _below) = (default, 0);
            _all = Clock.Now;
        }
        var (count, newest) = connection.QuerySingle<(long, byte[]?)>($"SELECT COUNT(*), MAX(id) {FromBound}", Parameters());
        var held = _below + count;
        if (newest is null) return held;
        var next = Uuid7.LowestAt(Uuid7.TimeOf(Uuid7.FromBytes(newest)) - Settled);
        if (Uuid7.TimeOf(next) - Uuid7.TimeOf(_bound) < Settled) return held;
        _below += connection.ExecuteScalar<long>($"SELECT COUNT(*) {FromBound} AND id < @next", Parameters(next));
        _bound = next;
        return held;
    }

    private object Parameters(Guid next = default) =>
        new { topic = Uuid7.ToBytes(topic.Id), first = Uuid7.ToBytes(topic.FirstPost), bound = Uuid7.ToBytes(_bound), next = Uuid7.ToBytes(next) };
}

using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;
using Connect.RingDaemon.Tests.Ring;

namespace Connect.RingDaemon.Tests.Daemon;

/// <summary>The daemon dies before, or just after, each single thing that mending does; the next one begins anew.</summary>
public sealed class MendingTests
{
    private static readonly Damage LostTail = new(DamageKind.LostTail, "an old backup");
    private static readonly Damage LogsPurged = new(DamageKind.LogsPurged, "logs are purged");
    private static readonly GtidSet DonorStands = GtidSet.Parse(Engine.MariaDB, "1-1-5,2-2-9");

    public static TheoryData<DamageKind, int> Everywhere()
    {
        var cases = new TheoryData<DamageKind, int>();
        foreach (var damage in (Damage[])[LostTail, LogsPurged])
        {
            var patient = new Patient(damage);
            patient.Live(dieAt: int.MaxValue);
            for (var at = 0; at < patient.Done; at++) cases.Add(damage.Kind, at);
        }
        return cases;
    }

    [Fact]
    public void There_are_as_many_moments_as_things_done() => Assert.InRange(Everywhere().Count, 30, 80);

    [Theory]
    [MemberData(nameof(Everywhere))]
    public void A_daemon_that_dies_at_any_moment_of_mending_leaves_what_the_next_one_puts_right(DamageKind kind, int dieAt)
    {
        var patient = new Patient(kind == DamageKind.LostTail ? LostTail : LogsPurged);
        Assert.False(patient.Live(dieAt), "it was to die");
        Assert.True(patient.Note.Current is not null || !patient.IsChanged, "a half-mended server passes for a whole one");
        Assert.True(patient.Note.Current is null || patient.Live(dieAt: int.MaxValue));
        if (patient.Note.Current is null && !patient.IsRight) Assert.True(patient.Live(dieAt: int.MaxValue)); // it died before it had begun
        Assert.True(patient.IsRight, patient.ToString());
    }

    /// <summary>A renewal that was cut off between the two files that it writes.</summary>
    [Fact]
    public void A_server_that_has_half_of_its_old_identity_is_renewed_again()
    {
        var patient = new Patient(LostTail);
        var found = patient.Server.Identity;
        patient.Note.Write(new(LostTail, found, MendingStep.Renew));
        patient.Server.Identity = found with { ServerId = 77 };
        Assert.True(patient.Live(dieAt: int.MaxValue));
        Assert.True(patient.IsRight, patient.ToString());
    }

    /// <summary>Whoever it is now, nobody gave it that on purpose (simulate --seed 4743).</summary>
    [Fact]
    public void A_server_that_got_the_identity_of_another_one_while_it_was_mended_is_renewed()
    {
        var patient = new Patient(LostTail);
        patient.Note.Write(new(LostTail, patient.Server.Identity, MendingStep.BringOver));
        patient.Server.Identity = patient.Server.Identity with { ServerId = 77, Origin = "77" };
        Assert.True(patient.Live(dieAt: int.MaxValue));
        Assert.True(patient.IsRight && patient.Server.Identity is { ServerId: not 77, Origin: not "77" }, patient.ToString());
    }

    [Fact]
    public void A_server_that_was_renewed_is_not_renewed_a_second_time()
    {
        var patient = new Patient(LostTail);
        var renewed = patient.Server.Identity with { ServerId = 9, Origin = "9" };
        patient.Note.Write(new(LostTail, patient.Server.Identity, MendingStep.Stand, NewServerId: 9));
        patient.Server.Identity = renewed;
        Assert.True(patient.Live(dieAt: int.MaxValue));
        Assert.Equal(renewed, patient.Server.Identity);
    }

    /// <summary>It is whole but for catching up: who it became it stays.</summary>
    [Fact]
    public void A_server_that_only_had_to_catch_up_is_put_right_anew_and_not_renewed_a_second_time()
    {
        var patient = new Patient(LostTail);
        Assert.True(patient.Live(dieAt: int.MaxValue));
        var (became, note) = (patient.Server.Identity, patient.Note.Current!);
        Assert.Equal((MendingStep.CatchUp, DamageKind.LogsPurged, became), (note.At, note.Damage.Kind, note.Found));
        patient.Damage = note.Damage;
        Assert.True(patient.Live(dieAt: int.MaxValue));
        Assert.Equal(became, patient.Server.Identity);
        Assert.True(patient.IsRight, patient.ToString());
    }

    [Fact]
    public void A_server_that_is_copied_while_it_catches_up_is_renewed_again()
    {
        var patient = new Patient(LostTail);
        Assert.True(patient.Live(dieAt: int.MaxValue));
        var became = patient.Server.Identity;
        patient.Damage = new(DamageKind.SharedIdentity, "somebody has its identity");
        Assert.True(patient.Live(dieAt: int.MaxValue));
        Assert.NotEqual(became.ServerId, patient.Server.Identity.ServerId);
        Assert.True(patient.IsRight, patient.ToString());
    }

    /// <summary>Rows were brought, and then the donor was gone: who joins must not take this server's log for all there is (simulate --seed 83098).</summary>
    [Theory]
    [InlineData(MendingStep.BringOver, "1-1-3,3-3-3")]
    [InlineData(MendingStep.CatchUp, "1-1-3,3-3-3")]
    [InlineData(MendingStep.Save, "1-1-3,3-3-2")]
    public void Alone_with_rows_that_may_be_in_no_log_it_claims_a_transaction_that_nobody_has(MendingStep at, string stands)
    {
        var patient = new Patient(LogsPurged);
        patient.Note.Write(new(LogsPurged, patient.Server.Identity, at));
        Assert.True(patient.Live(dieAt: int.MaxValue, alone: true));
        Assert.Equal(GtidSet.Parse(Engine.MariaDB, stands), patient.Server.Position);
        Assert.Null(patient.Note.Current);
        Assert.Null(patient.MustReach);
    }

    [Fact]
    public void That_rows_were_brought_is_remembered_by_an_attempt_that_begins_anew()
    {
        var patient = new Patient(LogsPurged);
        patient.Note.Write(new(LogsPurged, patient.Server.Identity, MendingStep.BringOver));
        Assert.False(patient.Live(dieAt: 3, alone: true));
        Assert.True(patient.Note.Current is { HasUnlogged: true }, $"{patient.Note.Current}");
    }

    [Fact]
    public void It_must_reach_what_the_donor_had_when_all_had_been_read()
    {
        var later = GtidSet.Parse(Engine.MariaDB, "1-1-6,2-2-9");
        var patient = new Patient(LostTail) { DonorStandsLater = later };
        Assert.True(patient.Live(dieAt: int.MaxValue));
        Assert.Equal(later, patient.MustReach);
        Assert.Equal(DonorStands, patient.Server.Position);
    }

    /// <summary>The version is no part of who a server is.</summary>
    [Fact]
    public void A_server_that_was_upgraded_while_it_was_mended_is_renewed_all_the_same()
    {
        var patient = new Patient(LostTail);
        patient.Note.Write(new(LostTail, patient.Server.Identity));
        patient.Server.Identity = patient.Server.Identity with { Version = "MariaDB 11.4.1" };
        Assert.True(patient.Live(dieAt: int.MaxValue));
        Assert.True(patient.IsRight, patient.ToString());
    }

    [Theory]
    [InlineData("1-1-5,2-2-8", false)] // it was put back to an older copy of itself, and sent the rows of that
    [InlineData("1-1-6,2-2-9", true)]  // it went on
    public void A_donor_that_lost_something_while_its_rows_were_read_is_no_donor(string later, bool done)
    {
        var patient = new Patient(LostTail) { DonorStandsLater = GtidSet.Parse(Engine.MariaDB, later) };
        Assert.Equal(done, patient.Live(dieAt: int.MaxValue));
        Assert.Equal(done, patient.IsRight);
        Assert.Equal(done, patient.Note.Current is { At: MendingStep.CatchUp }); // otherwise it is begun anew
    }

    /// <summary>A damaged server and its donor, each a set of rows and a position.</summary>
    private sealed class Patient : IMendingHands, IAudit
    {
        private static readonly ServerIdentity Old = new(Engine.MariaDB, "MariaDB 10.11.19", 3, "3");
        private static readonly Member Donor = Members.View("n1").Find("n1")!;

        private readonly HashSet<string> _rows = ["both", "mine"];
        private readonly HashSet<string> _donors = ["both", "theirs"];
        private int _dieAt = int.MaxValue;
        private uint _lastId = 10;
        private int _donorIsAsked;

        public Patient(Damage damage)
        {
            Damage = damage;
            Server = new() { Identity = Old, Position = GtidSet.Parse(Engine.MariaDB, "1-1-3,3-3-2"), Asked = _ => Moment() };
            Note = new(this);
        }

        public Damage Damage { get; set; }

        /// <summary>What the last life that ended well had to reach.</summary>
        public GtidSet? MustReach { get; private set; }

        public FakeServer Server { get; }

        public MemoryNote Note { get; }

        /// <summary>Things done in the last life.</summary>
        public int Done { get; private set; }

        /// <summary>Where the donor stands when it is asked again; null if it is where it was.</summary>
        public GtidSet? DonorStandsLater { get; init; }

        public bool IsChanged => Server.Identity != Old || !Server.Position.Equals(GtidSet.Parse(Engine.MariaDB, "1-1-3,3-3-2"));

        public bool IsRight => Note.Current is { At: MendingStep.CatchUp } && _rows.SetEquals(_donors) && _rows.Count == 3 && Server.Position.Equals(DonorStands)
            && Server.Identity.ServerId != Old.ServerId && Server.Identity.Origin != Old.Origin;

        /// <returns>Whether mending ended well; false if the daemon died.</returns>
        public bool Live(int dieAt, bool alone = false)
        {
            (Done, _dieAt) = (0, dieAt);
            try
            {
                var result = new Mending(Server, this, Note, this, TimeProvider.System).RunAsync(Damage, alone ? null : Donor, CancellationToken.None).GetAwaiter().GetResult();
                MustReach = result.MustReach;
                return result.Fault is null;
            }
            catch (DiesException)
            {
                return false;
            }
        }

        public async Task<long> SaveAsync(Member donor, CancellationToken cancel)
        {
            await Moment();
            _donors.UnionWith(_rows);
            await Moment();
            return 1;
        }

        public async Task<GtidSet> SettledPositionAsync(Member donor, CancellationToken cancel)
        {
            await Moment();
            return _donorIsAsked++ > 0 ? DonorStandsLater ?? DonorStands : DonorStands;
        }

        public async Task<long> BringOverAsync(Member donor, CancellationToken cancel)
        {
            await Moment();
            _rows.UnionWith(_donors);
            await Moment();
            return 1;
        }

        public uint NewServerId() => ++_lastId;

        public async Task RenewIdentityAsync(ServerIdentity retired, uint serverId, CancellationToken cancel)
        {
            await Moment();
            Server.Identity = Server.Identity with { Origin = $"{serverId}" };
            await Moment();
            Server.Identity = Server.Identity with { ServerId = serverId };
            await Moment();
        }

        public void Add(string action, string evidence, string outcome)
        {
        }

        public override string ToString() => $"{Server.Identity} at [{Server.Position}], rows {string.Join(",", _rows)}, donor's {string.Join(",", _donors)}, note {Note.Current}";

        private Task Moment() => Done++ == _dieAt ? throw new DiesException() : Task.CompletedTask;

        public sealed class MemoryNote(Patient patient) : IMendingNote
        {
            public Unfinished? Current { get; private set; }

            public void Write(Unfinished? unfinished)
            {
                _ = patient.Moment();
                Current = unfinished;
                _ = patient.Moment();
            }
        }
    }

    private sealed class DiesException() : Exception("the daemon was killed");
}

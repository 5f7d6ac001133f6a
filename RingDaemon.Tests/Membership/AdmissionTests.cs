using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Tests.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

public class AdmissionTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly JoinRequest Newcomer = new("n4", Engine.MariaDB, "MariaDB 10.11.19", ServerId: 4, Origin: "4", "http://127.0.0.1:7099", Now, HoldsRing: null, Foreign: null);

    private static readonly GtidSet Executed = GtidSet.Parse(Engine.MariaDB, "1-1-7,2-2-5,9-9-1");

    [Fact]
    public void A_newcomer_with_an_empty_server_is_welcome() => Assert.Null(Refusal(Newcomer));

    [Fact]
    public void A_member_that_lost_its_data_is_welcome_under_its_old_name_and_a_new_id() =>
        Assert.Null(Refusal(Newcomer with { Name = "n2" }, "n1 n2! n3"));

    [Fact]
    public void A_member_that_was_rebuilt_before_the_others_missed_it_is_welcome() =>
        Assert.Null(Refusal(Newcomer with { Name = "n2", DaemonUrl = "http://127.0.0.1:7082" }));

    [Fact]
    public void A_node_that_holds_this_rings_data_is_welcome() => Assert.Null(Refusal(Newcomer with { HoldsRing = "ring-a" }));

    public static TheoryData<JoinRequest, string> Unwelcome => new()
    {
        { Newcomer with { Engine = Engine.MySQL, EngineVersion = "MySQL 9.7.4" }, "Set database:engine to MariaDB" },
        { Newcomer with { Clock = Now.AddSeconds(31) }, "31 s off" },
        { Newcomer with { Clock = Now.AddSeconds(-31) }, "Set the clock" },
        { Newcomer with { Foreign = "the schemas shop" }, "already holds the schemas shop" },
        { Newcomer with { HoldsRing = "ring-b" }, "another ring" },
        { Newcomer with { Name = "n2" }, "Choose another name" },
        { Newcomer with { ServerId = 2 }, "Give the server the id 4" },
        { Newcomer with { ServerId = 2, Origin = "2" }, "belongs or belonged to n2" }, // a copied option file (MariaDB)
        { Newcomer with { Name = "n2", ServerId = 2, Origin = "2", DaemonUrl = "http://127.0.0.1:7082" }, "belongs or belonged to n2" }, // its own, with an empty server
        { Newcomer with { ServerId = 9, Origin = "9" }, "somebody wrote as 9 before" }, // one that left long ago
    };

    [Theory]
    [MemberData(nameof(Unwelcome))]
    public void Whoever_does_not_fit_is_told_why_and_what_to_do(JoinRequest request, string expected) =>
        Assert.Contains(expected, Refusal(request), StringComparison.Ordinal);

    [Fact]
    public void The_id_of_a_member_that_left_is_never_given_again()
    {
        var view = Members.View("n1 n2 n3");
        var left = view with { Members = [.. view.Members.Select(m => m.Name == "n3" ? m with { Liveness = Liveness.Left } : m)] };
        Assert.Equal(4u, Admission.NextServerId(left));
        Assert.NotNull(Admission.Refuse(Newcomer with { ServerId = 3 }, left, view.Members[0].Facts, "ring-a", Now, Executed));
    }

    private static string? Refusal(JoinRequest request, string view = "n1 n2 n3") =>
        Admission.Refuse(request, Members.View(view), Members.View(view).Members[0].Facts, "ring-a", Now, Executed);
}

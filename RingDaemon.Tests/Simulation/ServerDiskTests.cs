using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Simulation.Servers;
using Xunit;

namespace Connect.RingDaemon.Tests.Simulation;

public class ServerDiskTests
{
    /// <summary>Whatever the order: the ranges are those of the plain set of numbers.</summary>
    [Fact]
    public void MySql_knows_every_single_number()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var (numbers, plain) = (new OriginNumbers(everySingleOne: true), new SortedSet<long>());
            for (var i = 0; i < 30; i++)
            {
                var number = random.Next(1, 40);
                numbers.Add(number);
                plain.Add(number);
            }
            Assert.Equal(plain, numbers.Ranges.SelectMany(r => Enumerable.Range((int)r.First, (int)(r.Last - r.First + 1)).Select(n => (long)n)));
            Assert.All(numbers.Ranges.Zip(numbers.Ranges.Skip(1)), pair => Assert.True(pair.First.Last + 1 < pair.Second.First)); // joined where they touch
            Assert.All(Enumerable.Range(1, 40), n => Assert.Equal(plain.Contains(n), numbers.Contains(n)));
        }
    }

    [Fact]
    public void MariaDb_takes_everything_before_the_last_for_known()
    {
        var numbers = new OriginNumbers(everySingleOne: false);
        numbers.Add(5);
        Assert.True(numbers.Contains(3));
        Assert.False(numbers.Contains(6));
    }

    [Theory]
    [InlineData(Engine.MySQL)]
    [InlineData(Engine.MariaDB)]
    public void A_seeded_disk_holds_its_donors_rows_and_cannot_send_them(Engine engine)
    {
        var donor = Written(engine, id: 1, rows: 5);
        var seeded = donor.SeededAs(SimulatedServer.IdentityOf(9, engine));
        donor.Commit(new(donor.Identity.Origin, donor.NextNumber, donor.Identity.ServerId, 5));
        seeded.Commit(new(seeded.Identity.Origin, seeded.NextNumber, seeded.Identity.ServerId, 6));
        Assert.Equal(seeded.Executed.Only(donor.Identity.Origin), seeded.Purged);
        Assert.True(seeded.Rows.Contains(4));
        Assert.False(seeded.Rows.Contains(5)); // written after the copy
        Assert.Single(seeded.Log);
    }

    [Theory]
    [InlineData(Engine.MySQL)]
    [InlineData(Engine.MariaDB)]
    public void A_disk_without_its_tail_gives_the_same_numbers_again(Engine engine)
    {
        var disk = Written(engine, id: 1, rows: 5);
        disk.Purge(2);
        var older = disk.WithoutTail(2);
        Assert.Equal(4, older.NextNumber);
        Assert.Equal(disk.Purged, older.Purged);
        Assert.True(disk.Executed.Contains(older.Executed));
        Assert.False(older.Rows.Contains(3));
        Assert.True(older.Rows.Contains(2));
    }

    private static ServerDisk Written(Engine engine, uint id, int rows)
    {
        var disk = new ServerDisk(SimulatedServer.IdentityOf(id, engine));
        for (var row = 0; row < rows; row++) disk.Commit(new(disk.Identity.Origin, disk.NextNumber, disk.Identity.ServerId, row));
        return disk;
    }
}

namespace SharedSeq.Node.Tests.Serving;

/// <summary>A candidate says that it is ready at one door after the other.</summary>
public sealed class DoorRoundsTests
{
    private static readonly Uri[] Doors = [.. Enumerable.Range(1, 4).Select(i => new Uri($"http://127.0.0.1:{i}/"))];

    [Fact]
    public void A_member_that_says_yes_and_does_nothing_is_not_asked_again_before_all_others()
    {
        var rounds = new DoorRounds();
        Assert.Equal(Doors, Enumerable.Range(0, 4).Select(_ => rounds.Next(Doors).First()));
        Assert.Equal(Doors[0], rounds.Next(Doors).First());
    }

    [Fact]
    public void A_round_tries_every_door_once_also_when_the_committee_has_changed()
    {
        var rounds = new DoorRounds();
        Assert.Equal(Doors[2], rounds.Next(Doors).ElementAt(2));
        Assert.Equal([Doors[3], Doors[0], Doors[1], Doors[2]], rounds.Next(Doors));
        Assert.Equal(2, rounds.Next(Doors[..2]).Distinct().Count());
        Assert.Empty(rounds.Next([]));
    }
}

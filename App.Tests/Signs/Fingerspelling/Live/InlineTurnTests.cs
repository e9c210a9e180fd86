using App.Signs.Fingerspelling.Live;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>Who may go on on the thread that watches all sockets, and for how long.</summary>
public sealed class InlineTurnTests
{
    private const double Quick = 0.01;

    // An update of the runtime that takes it away would be seen in no other test: frames would only cost more.
    [Fact]
    public void This_runtime_can_switch_it_for_one_socket() => Assert.Equal(!OperatingSystem.IsWindows(), InlineCompletions.Supported);

    [Fact]
    public void A_connection_that_always_has_a_next_frame_gives_way_after_its_turn() => OnThreadOfItsOwn(() =>
    {
        var turn = new InlineTurn();
        Assert.All(Enumerable.Repeat(turn, InlineTurn.MostInARow), one => Assert.True(one.Take(1, Quick)));
        Assert.False(turn.Take(1, Quick));
        Assert.True(turn.Take(1, Quick));
    });

    [Fact]
    public void Connections_that_take_turns_stay() => OnThreadOfItsOwn(() =>
    {
        var (one, other) = (new InlineTurn(), new InlineTurn());
        for (var i = 0; i < 10 * InlineTurn.MostInARow; i++)
        {
            Assert.True(one.Take(1, Quick));
            Assert.True(other.Take(1, Quick));
        }
    });

    [Fact]
    public void Nobody_waits_behind_a_slow_model() => OnThreadOfItsOwn(() => Assert.False(new InlineTurn().Take(1, InlineTurn.LongestRunMs)));

    [Fact]
    public void Frames_that_came_together_share_the_way_to_the_pool() => OnThreadOfItsOwn(() => Assert.False(new InlineTurn().Take(2, Quick)));

    [Fact]
    public async Task Threads_of_the_pool_are_nobodys() => await Task.Run(() =>
    {
        var turn = new InlineTurn();
        for (var i = 0; i <= InlineTurn.MostInARow; i++) Assert.True(turn.Take(1, InlineTurn.LongestRunMs));
    });

    private static void OnThreadOfItsOwn(Action test)
    {
        Exception? fault = null;
        var thread = new Thread(() => fault = Record.Exception(test));
        thread.Start();
        thread.Join();
        Assert.Null(fault);
    }
}

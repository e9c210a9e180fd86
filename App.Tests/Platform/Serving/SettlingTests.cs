using System.Runtime.CompilerServices;
using App.Platform.Serving;

namespace App.Tests.Platform.Serving;

/// <summary>What only the start needed is given back when it is over.</summary>
[Collection(Scenarios.ScenarioCollection.Name)]
public sealed class SettlingTests
{
    [Fact]
    public void What_the_start_has_left_is_let_go_of_however_old()
    {
        var left = MakeOld();
        Settling.LetGo();
        Assert.False(left.IsAlive);
    }

    [Fact]
    public async Task A_process_that_is_stopped_before_does_not_wait()
    {
        using var settling = new Settling(TimeProvider.System);
        await settling.StartAsync(default);
        await settling.StopAsync(default);
        Assert.True(settling.ExecuteTask!.IsCompleted);
    }

    // Of the oldest generation, which is not collected otherwise as long as there is room.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference MakeOld()
    {
        var garbage = new byte[64];
        while (GC.GetGeneration(garbage) < GC.MaxGeneration) GC.Collect();
        return new WeakReference(garbage);
    }
}

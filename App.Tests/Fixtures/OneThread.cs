namespace App.Tests.Fixtures;

/// <summary>Goes on with what was awaited when it is told to.</summary>
internal sealed class OneThread : SynchronizationContext
{
    private readonly Queue<Action> waiting = [];

    public override void Post(SendOrPostCallback d, object? state) => waiting.Enqueue(() => d(state));

    public T Run<T>(Func<T> what)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            return what();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public void GoOn()
    {
        while (waiting.TryDequeue(out var one)) Run(() => { one(); return 0; });
    }
}

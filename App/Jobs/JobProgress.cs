namespace App.Jobs;

/// <summary>Gathers what running jobs say of their progress, and writes it now and then.</summary>
internal sealed class JobProgress
{
    internal void Report(long job, double share, string text) => throw new NotImplementedException();

    internal void Log(long job, int attempt, string line) => throw new NotImplementedException();
}

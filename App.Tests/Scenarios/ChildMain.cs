namespace App.Tests.Scenarios;

/// <summary>The processes that scenarios lose: <c>dotnet App.Tests.dll role arguments</c>.</summary>
internal static class ChildMain
{
    public static Task Main(string[] args) => args switch
    {
        [CrashingWorker.Role, var connection, var stream] => CrashingWorker.MainAsync(connection, stream),
        [JobFaultWorker.Role, var pooled, var unpooled, var heartbeatMs] => JobFaultWorker.MainAsync(pooled, unpooled, heartbeatMs),
        [BackgroundWorker.Role, var pooled, var unpooled] => BackgroundWorker.MainAsync(pooled, unpooled),
        [FireOnceTests.Role, var connection, var instants] => FireOnceTests.MainAsync(connection, instants),
        _ => throw new ArgumentException($"There is no such role: {string.Join(' ', args)}", nameof(args)),
    };
}

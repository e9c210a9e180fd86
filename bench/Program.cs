using App.Development.Embedded;
using Bench;
using Npgsql;

// dotnet run -c Release --project bench -- readings|jobs|background|messages|webhooks|live [--jobs 400000] [--n 3] [--secs 6] [--app
// <folder of a published App>] [--peers <folder>|none] [--only <case>]
// Each figure is one JSON line; where a peer ran in the same round, a last line gives the ratio.
using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stopping.Cancel();
};
if (args is ["jobs-worker", var url])
{
    await JobsWorker.RunAsync(url);
    return 0;
}
if (args is ["messages-worker", var database])
{
    await MessagesWorker.RunAsync(database);
    return 0;
}
if (args is ["background-worker", var kind, var where, var workers])
{
    await BackgroundWorker.RunAsync(kind, where, int.Parse(workers));
    return 0;
}
try
{
    var options = BenchOptions.Parse(args);
    switch (options.Name)
    {
        case "readings":
            await ReadingsBench.RunAsync(options, stopping.Token);
            return 0;
        case "jobs":
            await JobsBench.RunAsync(options, stopping.Token);
            return 0;
        case "background":
            await BackgroundBench.RunAsync(options, stopping.Token);
            return 0;
        case "messages":
            await MessagesBench.RunAsync(options, stopping.Token);
            return 0;
        case "webhooks":
            await WebhooksBench.RunAsync(options, stopping.Token);
            return 0;
        case "live":
            await LiveBench.RunAsync(options, stopping.Token);
            return 0;
        default:
            Console.Error.WriteLine(
                "Usage: dotnet run -c Release --project bench -- readings|jobs|background|messages|webhooks|live [--n <rounds>] [--secs "
                + "6] [--jobs <number>] [--app <folder>] [--peers <folder>|none] [--only <case>]");
            return 64;
    }
}
catch (Exception e) when (e is BenchException or EmbeddedServerException or NpgsqlException or FormatException)
{
    Console.Error.WriteLine(e.Message);
    return 69;
}

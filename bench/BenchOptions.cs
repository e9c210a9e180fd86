namespace Bench;

/// <summary>What a benchmark was asked to do.</summary>
internal sealed record BenchOptions(string Name, int Rounds, int Seconds, string? Peers, string? Only, string App, int? Jobs, int Connections)
{
    public static BenchOptions Parse(string[] args)
    {
        string? Option(string name) => Array.IndexOf(args, "--" + name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        var peers = Option("peers") ?? Path.GetFullPath("../shared/peers");
        return new BenchOptions(
            args.FirstOrDefault() ?? "",
            int.Parse(Option("n") ?? "3"),
            int.Parse(Option("secs") ?? "6"),
            peers == "none" || !Directory.Exists(peers) ? null : peers,
            Option("only"),
            Option("app") ?? AppContext.BaseDirectory,
            Option("jobs") is { } jobs ? int.Parse(jobs) : null,
            int.Parse(Option("conns") ?? "1000"));
    }
}

namespace App.Platform.Commands;

/// <summary>What a long command has done, told on stderr when it ends.</summary>
/// <param name="Facts">A name and a value each, such as <c>wrote</c> and <c>predictions.csv</c>.</param>
internal sealed record CommandSummary(params IReadOnlyList<(string Name, string Value)> Facts)
{
    private const int NameWidth = 12;

    /// <summary>Writes a line for each fact, and the time that it took.</summary>
    public void Write(TextWriter writer, TimeSpan took)
    {
        writer.WriteLine("Summary");
        foreach (var (name, value) in Facts.Append(("took", Duration(took)))) writer.WriteLine($"  {name.PadRight(NameWidth)}{value}");
    }

    /// <summary>A span as people say it: <c>4.8 s</c>, <c>3 min 20 s</c>, <c>2 h 5 min</c>.</summary>
    public static string Duration(TimeSpan span) => span.TotalSeconds switch
    {
        < 10 => FormattableString.Invariant($"{span.TotalSeconds:F1} s"),
        < 100 => FormattableString.Invariant($"{span.TotalSeconds:F0} s"),
        < 3600 => $"{(int)span.TotalMinutes} min {span.Seconds} s",
        _ => $"{(int)span.TotalHours} h {span.Minutes} min",
    };
}

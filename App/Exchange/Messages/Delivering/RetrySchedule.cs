using System.Globalization;
using App.Platform.Configuration;

namespace App.Exchange.Messages.Delivering;

/// <summary>When a message is tried: the pause before the first attempt, and before each one that follows a failure.</summary>
internal sealed record RetrySchedule(IReadOnlyList<TimeSpan> Pauses)
{
    /// <summary>A message whose next attempt is further away than this does not hold up those behind it.</summary>
    public static readonly TimeSpan LongestInLine = TimeSpan.FromSeconds(60);

    /// <summary>From the first attempt to the last.</summary>
    public TimeSpan Span { get; } = TimeSpan.FromTicks(Pauses.Sum(pause => pause.Ticks));

    /// <summary>A schedule of seconds.</summary>
    public static RetrySchedule OfSeconds(params IReadOnlyList<double> seconds) => new([.. seconds.Select(TimeSpan.FromSeconds)]);

    /// <summary>The pause after so many failed attempts; null: it was the last.</summary>
    public TimeSpan? After(int attempts) => attempts < Pauses.Count ? Pauses[attempts] : null;

    /// <summary>Reads one: seconds, separated by commas.</summary>
    public static RetrySchedule Read(Variables variables, string name, RetrySchedule fallback)
    {
        var text = variables.Text(name,
            string.Join(',', fallback.Pauses.Select(pause => pause.TotalSeconds.ToString(CultureInfo.InvariantCulture))));
        var pauses = new List<TimeSpan>();
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!double.TryParse(item, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
                || seconds > 30 * 86_400 || pauses.Count == 100)
                return variables.Fault(name, text,
                    "set 1 to 100 pauses in seconds, each up to 30 days, separated by commas, such as 0,5,300", fallback);
            pauses.Add(TimeSpan.FromSeconds(seconds));
        }
        return new RetrySchedule(pauses);
    }
}

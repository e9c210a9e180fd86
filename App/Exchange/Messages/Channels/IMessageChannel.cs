using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages.Delivering;
using App.Platform.Http;

namespace App.Exchange.Messages.Channels;

/// <summary>A way out: one class, registered by <c>services.AddSingleton&lt;IMessageChannel, YourChannel&gt;()</c>.</summary>
internal interface IMessageChannel
{
    /// <summary>A word of <see cref="MessageChannel"/>.</summary>
    string Name { get; }

    /// <summary>The variables that are missing for it; null: it is on.</summary>
    string? MissingVariables { get; }

    /// <summary>
    /// Whether the far side can tell a repetition by its id: what may have arrived is then sent again, and is uncertain otherwise.
    /// </summary>
    bool TellsRepetitions => true;

    /// <summary>The pauses before the first attempt and before each further one.</summary>
    RetrySchedule Schedule { get; }

    /// <summary>What keeps its messages from being sent together with others.</summary>
    IReadOnlyList<JobLimit> LimitsOf(string to);

    /// <summary>Looks for faults in a message when it is taken.</summary>
    void Validate(string to, JsonElement body, List<FieldError> faults);

    /// <summary>
    /// Makes one attempt, and answers how it ended; only a cancellation of <paramref name="ct"/> is thrown.
    /// </summary>
    Task<AttemptResult> SendAsync(TakenMessage message, CancellationToken ct);
}

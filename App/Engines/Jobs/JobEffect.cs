using Npgsql;

namespace App.Engines.Jobs;

/// <summary>
/// What the end of an attempt writes beside the job, in the same commit. Effects of many attempts are written by one
/// statement. They are what has happened outside, so they are written even when the job is another's by then: a
/// statement must bear to be told the same twice.
/// </summary>
internal abstract class JobEffect
{
    /// <summary>The statement that writes effects of this type.</summary>
    /// <param name="effects">All of the type of this one.</param>
    public abstract NpgsqlBatchCommand WriteAll(IReadOnlyList<JobEffect> effects);
}

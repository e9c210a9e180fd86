namespace App.Engines.Streams;

/// <summary>An appended record.</summary>
/// <param name="Shard">The ordered partition that it belongs to.</param>
/// <param name="Offset">Its position there, from 1, without gaps.</param>
/// <param name="AppendedAt">When its transaction began, by the database's clock, UTC.</param>
/// <param name="Payload">What was appended.</param>
/// <param name="Traceparent">The trace in which it was appended; null: none that is recorded.</param>
internal readonly record struct StreamEntry(short Shard, long Offset, DateTime AppendedAt, byte[] Payload, string? Traceparent = null);

/// <summary>A record that is to be appended.</summary>
/// <param name="Shard">The shard of its building.</param>
/// <param name="Payload">At most a few hundred kilobytes: readers fetch several at once.</param>
internal readonly record struct NewEntry(short Shard, byte[] Payload);

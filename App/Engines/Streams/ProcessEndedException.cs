namespace App.Engines.Streams;

/// <summary>Why an entry is set aside that was the only one in hand whenever its process ended without a word.</summary>
/// <param name="times">How often.</param>
internal sealed class ProcessEndedException(int times) : Exception($"The process ended while handling it, {times} times.");

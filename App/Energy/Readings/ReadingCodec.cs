using System.Buffers;
using System.Buffers.Binary;

namespace App.Energy.Readings;

/// <summary>Readings of one meter within an entry.</summary>
/// <param name="BuildingKey">Key of the building.</param>
/// <param name="MeterKey">Key of the meter.</param>
/// <param name="IsMains">Whether the meter measures the whole house.</param>
/// <param name="Readings">In order of time; of two with the same time the later one holds.</param>
internal readonly record struct ReadingRun(int BuildingKey, int MeterKey, bool IsMains, Reading[] Readings);

/// <summary>
/// Packs readings: times as zigzag varints of the difference to the one before, watts as hundredths in a varint where
/// that is exact, else as eight bytes. A reading takes three to five bytes; what is unpacked equals what was packed.
/// </summary>
internal static class ReadingCodec
{
    private const byte Version = 1;

    // Whole numbers below this are exact as a double.
    private const double MostHundredths = 1L << 53;

    /// <summary>Begins an entry.</summary>
    public static void BeginEntry(IBufferWriter<byte> output) => output.Write([Version]);

    /// <summary>Adds the readings of one meter to an entry.</summary>
    /// <param name="output">The entry.</param>
    /// <param name="buildingKey">Key of the building.</param>
    /// <param name="meterKey">Key of the meter.</param>
    /// <param name="isMains">Whether the meter measures the whole house.</param>
    /// <param name="readings">In order of time.</param>
    /// <param name="previous">Time of the last reading written to this entry; 0 at its beginning.</param>
    public static void WriteRun(IBufferWriter<byte> output, int buildingKey, int meterKey, bool isMains, ReadOnlySpan<Reading> readings,
        ref long previous)
    {
        var span = output.GetSpan(30);
        var length = WriteVarint(span, (ulong)buildingKey);
        length += WriteVarint(span[length..], ((ulong)meterKey << 1) | (isMains ? 1u : 0u));
        length += WriteVarint(span[length..], (ulong)readings.Length);
        output.Advance(length);
        WriteReadings(output, readings, ref previous);
    }

    /// <summary>The runs of an entry.</summary>
    /// <exception cref="InvalidDataException">The bytes are no entry.</exception>
    public static IEnumerable<ReadingRun> ReadEntry(byte[] payload)
    {
        if (payload.Length == 0 || payload[0] != Version) throw new InvalidDataException("The entry has no version that this build knows.");
        var position = 1;
        long previous = 0;
        while (position < payload.Length)
        {
            var building = ReadVarint(payload, ref position);
            var meter = ReadVarint(payload, ref position);
            var count = ReadCount(payload, ref position);
            if (building > int.MaxValue || meter >> 1 > int.MaxValue || count == 0)
                throw new InvalidDataException("The entry names no building, no meter or no reading.");
            var readings = ReadReadings(payload, ref position, count, ref previous);
            yield return new ReadingRun((int)building, (int)(meter >> 1), (meter & 1) != 0, readings);
        }
    }

    /// <summary>
    /// The runs of an entry among others; none of one that is damaged, or of a version that this build does not know. Its
    /// consumers set such an entry aside, and it must not keep anybody from those around it.
    /// </summary>
    public static IReadOnlyList<ReadingRun> ReadAnyEntry(byte[] payload)
    {
        try
        {
            return [.. ReadEntry(payload)];
        }
        catch (InvalidDataException)
        {
            return [];
        }
    }

    /// <summary>Packs a block of one meter.</summary>
    public static byte[] WriteBlock(ReadOnlySpan<Reading> readings)
    {
        var output = new ArrayBufferWriter<byte>(readings.Length * 5 + 8);
        var span = output.GetSpan(10);
        output.Advance(WriteVarint(span, (ulong)readings.Length));
        long previous = 0;
        WriteReadings(output, readings, ref previous);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Unpacks a block.</summary>
    /// <exception cref="InvalidDataException">The bytes are no block.</exception>
    public static Reading[] ReadBlock(byte[] block)
    {
        var position = 0;
        long previous = 0;
        var readings = ReadReadings(block, ref position, ReadCount(block, ref position), ref previous);
        return position == block.Length ? readings : throw new InvalidDataException("The block holds more than its readings.");
    }

    private static void WriteReadings(IBufferWriter<byte> output, ReadOnlySpan<Reading> readings, ref long previous)
    {
        foreach (var (ts, watts) in readings)
        {
            var span = output.GetSpan(30);
            var length = WriteVarint(span, ZigZag(ts - previous));
            previous = ts;
            // The last bit tells the two forms of watts apart.
            var hundredths = Math.Round(watts * 100);
            if (hundredths / 100 == watts && Math.Abs(hundredths) < MostHundredths && !(watts == 0 && double.IsNegative(watts)))
            {
                length += WriteVarint(span[length..], ZigZag((long)hundredths) << 1);
            }
            else
            {
                span[length++] = 1;
                BinaryPrimitives.WriteDoubleLittleEndian(span[length..], watts);
                length += 8;
            }
            output.Advance(length);
        }
    }

    private static Reading[] ReadReadings(byte[] bytes, ref int position, int count, ref long previous)
    {
        var readings = new Reading[count];
        for (var i = 0; i < count; i++)
        {
            previous += UnZigZag(ReadVarint(bytes, ref position));
            var form = ReadVarint(bytes, ref position);
            double watts;
            if ((form & 1) == 0)
            {
                watts = UnZigZag(form >> 1) / 100.0;
            }
            else
            {
                if (position + 8 > bytes.Length) throw new InvalidDataException("The record ends within a value.");
                watts = BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(position));
                position += 8;
            }
            readings[i] = new Reading(previous, watts);
        }
        return readings;
    }

    // A reading takes two bytes at least, so a count beyond that is damage, and must not become an allocation.
    private static int ReadCount(byte[] bytes, ref int position)
    {
        var count = ReadVarint(bytes, ref position);
        if (count > (ulong)(bytes.Length - position) / 2) throw new InvalidDataException("The record claims more readings than it holds.");
        return (int)count;
    }

    private static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    private static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    private static int WriteVarint(Span<byte> output, ulong value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            output[length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        output[length++] = (byte)value;
        return length;
    }

    private static ulong ReadVarint(byte[] bytes, ref int position)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (position >= bytes.Length) throw new InvalidDataException("The record ends within a number.");
            var b = bytes[position++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }
        throw new InvalidDataException("The record holds a number that is too long.");
    }
}

using System.Buffers;
using App.Energy.Readings;

namespace App.Tests.Energy.Readings;

public sealed class ReadingCodecTests
{
    private static readonly double[] Watts =
        [0, -0.0, 0.1, -0.1, 0.01, 0.005, 1e7, -1e7, 9_999_999.99, double.Epsilon, -double.Epsilon, 1.0 / 3, 1e300, -1e300, double.MaxValue,
            double.MinValue, double.PositiveInfinity, double.NegativeInfinity, double.NaN, 90_071_992_547_409.92, 90_071_992_547_409.91];

    private static readonly long[] Times = [0, -1, 1, long.MinValue, long.MaxValue, 1_767_225_600_000, 253_402_300_799_999];

    [Fact]
    public void Every_value_comes_back_bit_for_bit()
    {
        var readings = Times.SelectMany(ts => Watts.Select(watts => new Reading(ts, watts))).ToArray();
        Same(readings, ReadingCodec.ReadBlock(ReadingCodec.WriteBlock(readings)));
    }

    [Fact]
    public void Random_entries_come_back_with_their_runs()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var runs = Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomRun(random)).ToList();
            var read = ReadingCodec.ReadEntry(Entry(runs)).ToList();
            Assert.Equal(runs.Select(run => (run.BuildingKey, run.MeterKey, run.IsMains)), read.Select(run => (run.BuildingKey, run.MeterKey, run.IsMains)));
            foreach (var (run, back) in runs.Zip(read)) Same(run.Readings, back.Readings);
        }
    }

    [Fact]
    public void A_minute_of_ordinary_readings_takes_a_few_bytes_each()
    {
        var readings = Enumerable.Range(0, 1000).Select(i => new Reading(1_767_225_600_000 + (i * 60_000), 200 + (i % 7 * 0.25))).ToArray();
        Assert.InRange(ReadingCodec.WriteBlock(readings).Length, 3000, 6500);
    }

    [Fact]
    public void Damaged_records_are_invalid_data_and_nothing_else()
    {
        var refused = 0;
        for (var seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            var bytes = seed % 3 == 0 ? new byte[random.Next(40)] : Entry([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomRun(random))]);
            if (seed % 3 == 0) random.NextBytes(bytes);
            else if (seed % 3 == 1) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            else bytes = bytes[..random.Next(bytes.Length)];
            var before = GC.GetAllocatedBytesForCurrentThread();
            refused += Refuses(() => ReadingCodec.ReadEntry(bytes).Sum(run => run.Readings.Length)) + Refuses(() => ReadingCodec.ReadBlock(bytes).Length);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64_000 + (bytes.Length * 64));
        }
        Assert.InRange(refused, 1000, 10_000);
    }

    private static int Refuses(Func<int> read)
    {
        try
        {
            read();
            return 0;
        }
        catch (InvalidDataException)
        {
            return 1;
        }
    }

    private static ReadingRun RandomRun(Random random) => new(random.Next(), random.Next(), random.Next(2) == 0, [.. Enumerable.Range(0, random.Next(1, 50)).Select(_ =>
        new Reading(1_767_225_600_000 + random.Next(), random.Next(4) switch
        {
            0 => random.Next(-1_000_000, 1_000_000) / 100.0,
            1 => BitConverter.Int64BitsToDouble(random.NextInt64()),
            2 => Watts[random.Next(Watts.Length)],
            _ => (random.NextDouble() - 0.5) * 2e7,
        }))]);

    private static byte[] Entry(List<ReadingRun> runs)
    {
        var output = new ArrayBufferWriter<byte>();
        long previous = 0;
        ReadingCodec.BeginEntry(output);
        foreach (var run in runs) ReadingCodec.WriteRun(output, run.BuildingKey, run.MeterKey, run.IsMains, run.Readings, ref previous);
        return output.WrittenSpan.ToArray();
    }

    private static void Same(Reading[] expected, Reading[] actual) => Assert.Equal(
        expected.Select(reading => (reading.Ts, BitConverter.DoubleToInt64Bits(reading.Watts))), actual.Select(reading => (reading.Ts, BitConverter.DoubleToInt64Bits(reading.Watts))));
}

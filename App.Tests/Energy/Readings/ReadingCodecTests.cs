using System.Buffers;
using App.Energy.Readings;
using CsCheck;

namespace App.Tests.Energy.Readings;

public sealed class ReadingCodecTests
{
    private static readonly double[] Watts =
        [0, -0.0, 0.1, -0.1, 0.01, 0.005, 1e7, -1e7, 9_999_999.99, double.Epsilon, -double.Epsilon, 1.0 / 3, 1e300, -1e300, double.MaxValue,
            double.MinValue, double.PositiveInfinity, double.NegativeInfinity, double.NaN, 90_071_992_547_409.92, 90_071_992_547_409.91];

    private static readonly long[] Times = [0, -1, 1, long.MinValue, long.MaxValue, 1_767_225_600_000, 253_402_300_799_999];

    private static readonly Gen<double> AnyWatts = Gen.OneOf(
        Gen.Int[-1_000_000, 1_000_000].Select(hundredths => hundredths / 100.0), Gen.Long.Select(BitConverter.Int64BitsToDouble),
        Gen.OneOf(Watts), Gen.Double[-1e7, 1e7]);

    private static readonly Gen<ReadingRun> AnyRun = Gen.Select(
        Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue], Gen.Bool,
        Gen.Select(Gen.Int[0, int.MaxValue], AnyWatts, (ms, watts) => new Reading(1_767_225_600_000 + ms, watts)).Array[1, 49],
        (building, meter, isMains, readings) => new ReadingRun(building, meter, isMains, readings));

    private static readonly Gen<byte[]> AnyEntry = AnyRun.List[1, 3].Select(Entry);

    private static readonly Gen<byte[]> Damaged = Gen.OneOf(
        Gen.Byte.Array[0, 39],
        Gen.Select(AnyEntry, Gen.Int[0, int.MaxValue], Gen.Int[0, 7], (bytes, at, bit) =>
        {
            bytes[at % bytes.Length] ^= (byte)(1 << bit);
            return bytes;
        }),
        Gen.Select(AnyEntry, Gen.Int[0, int.MaxValue], (bytes, length) => bytes[..(length % bytes.Length)]));

    [Fact]
    public void Every_value_comes_back_bit_for_bit()
    {
        var readings = Times.SelectMany(ts => Watts.Select(watts => new Reading(ts, watts))).ToArray();
        Same(readings, ReadingCodec.ReadBlock(ReadingCodec.WriteBlock(readings)));
    }

    [Fact]
    public void Any_entry_comes_back_with_its_runs() => AnyRun.List[1, 5].Sample(
        runs =>
        {
            var read = ReadingCodec.ReadEntry(Entry(runs)).ToList();
            Assert.Equal(runs.Select(run => (run.BuildingKey, run.MeterKey, run.IsMains)),
                read.Select(run => (run.BuildingKey, run.MeterKey, run.IsMains)));
            foreach (var (run, back) in runs.Zip(read)) Same(run.Readings, back.Readings);
        }, iter: 300);

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
        // One thread: it counts what it allocates.
        Damaged.Sample(
            bytes =>
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                refused += Refuses(() => ReadingCodec.ReadEntry(bytes).Sum(run => run.Readings.Length))
                    + Refuses(() => ReadingCodec.ReadBlock(bytes).Length);
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64_000 + (bytes.Length * 64));
            }, iter: 5000, threads: 1);
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

    private static byte[] Entry(List<ReadingRun> runs)
    {
        var output = new ArrayBufferWriter<byte>();
        long previous = 0;
        ReadingCodec.BeginEntry(output);
        foreach (var run in runs) ReadingCodec.WriteRun(output, run.BuildingKey, run.MeterKey, run.IsMains, run.Readings, ref previous);
        return output.WrittenSpan.ToArray();
    }

    private static void Same(Reading[] expected, Reading[] actual) => Assert.Equal(
        expected.Select(reading => (reading.Ts, BitConverter.DoubleToInt64Bits(reading.Watts))),
        actual.Select(reading => (reading.Ts, BitConverter.DoubleToInt64Bits(reading.Watts))));
}

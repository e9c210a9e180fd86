using System.Globalization;
using System.Text;
using App.Energy.Readings.Ingest;
using CsCheck;

namespace App.Tests.Energy.Readings.Ingest;

public sealed class Rfc3339Tests
{
    [Theory]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("2026-01-01T00:00:00Z", 1_767_225_600_000)]
    [InlineData("2026-01-01t00:00:00.5z", 1_767_225_600_500)]
    [InlineData("2026-01-01 00:00:00.123456789012+00:00", 1_767_225_600_123)]
    [InlineData("2026-01-01T05:30:00+05:30", 1_767_225_600_000)]
    [InlineData("2025-12-31T14:00:00-10:00", 1_767_225_600_000)]
    [InlineData("2025-12-31T23:59:60Z", 1_767_225_600_000)]
    [InlineData("2024-02-29T00:00:00Z", 1_709_164_800_000)]
    [InlineData("0001-01-01T00:00:00Z", -62_135_596_800_000)]
    [InlineData("9999-12-31T23:59:59.999Z", 253_402_300_799_999)]
    public void A_time_is_read_to_the_millisecond(string text, long expected)
    {
        Assert.True(Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out var ts));
        Assert.Equal(expected, ts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-01")]
    [InlineData("2026-01-01T00:00:00")]
    [InlineData("2026-01-01T00:00:00.Z")]
    [InlineData("2026-01-01T00:00:00.1234567890123Z")]
    [InlineData("2026-01-01T00:00:00ZZ")]
    [InlineData("2026-01-01T00:00:00+0100")]
    [InlineData("2026-01-01T00:00:00+24:00")]
    [InlineData("2026-01-01T00:00:00+01:60")]
    [InlineData("2026-01-01T24:00:00Z")]
    [InlineData("2026-01-01T00:60:00Z")]
    [InlineData("2026-01-01T00:00:61Z")]
    [InlineData("2026-00-01T00:00:00Z")]
    [InlineData("2026-13-01T00:00:00Z")]
    [InlineData("2026-04-31T00:00:00Z")]
    [InlineData("2026-02-29T00:00:00Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("+026-01-01T00:00:00Z")]
    [InlineData("2026-01-01T00:00:0٣Z")]
    [InlineData("2026_01-01T00:00:00Z")]
    public void What_is_no_time_is_refused(string text) => Assert.False(Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Any_time_is_read_as_the_framework_reads_it() => Gen.Select(
        Gen.Long[TimeSpan.TicksPerDay * 2, DateTime.MaxValue.Ticks - (TimeSpan.TicksPerDay * 2)], Gen.Int[-14 * 60, 14 * 60],
        Gen.OneOf("yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", "yyyy-MM-dd'T'HH:mm:sszzz")).Sample(
        (ticks, offset, format) =>
        {
            var text = new DateTimeOffset(ticks, TimeSpan.Zero).ToOffset(TimeSpan.FromMinutes(offset))
                .ToString(format, CultureInfo.InvariantCulture);
            Assert.True(Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out var ts), text);
            Assert.Equal(DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds(), ts);
        }, iter: 20_000);
}

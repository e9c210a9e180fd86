using System.Buffers.Text;
using System.Text;

namespace App.Energy.Readings.Ingest;

/// <summary>
/// Parses InfluxDB line protocol as Telegraf and Home Assistant send it:
/// <c>measurement,building=h1,meter=mains watts=123.4 1767225600000000000</c>.
/// The building is the tag <c>building</c>, <c>buildingId</c> or <c>building_id</c>, else <c>host</c>, else the bucket;
/// the meter is the tag <c>meter</c>, else <c>entity_id</c> (Home Assistant), else <c>mains</c>; the power is the field
/// <c>watts</c>, <c>power</c> or <c>value</c>. Lines whose fields hold no power (text, other measurements) are passed over.
/// </summary>
/// <param name="batch">Takes the readings.</param>
/// <param name="bucket">Building of lines that name none; null: such lines are faults.</param>
/// <param name="ticksPerMillisecond">Units of the timestamp in a millisecond; for seconds see <paramref name="secondsPerTick"/>.</param>
/// <param name="secondsPerTick">1 where timestamps are seconds, else 0.</param>
/// <param name="now">Time of lines without one, Unix milliseconds.</param>
internal sealed class LineProtocol(ReadingBatch batch, string? bucket, long ticksPerMillisecond, int secondsPerTick, long now)
{
    private readonly byte[] name = new byte[(ReadingLimits.MaxIdLength * 2) + 1];

    /// <summary>Takes one line without its line feed.</summary>
    public void Take(ReadOnlySpan<byte> line)
    {
        line = line.Trim(" \r\t\n"u8);
        if (line.IsEmpty || line[0] == '#') return;
        var index = batch.NextIndex();
        var fieldsAt = Find(line, (byte)' ');
        if (fieldsAt <= 0)
        {
            batch.Fault($"lines[{index}]", Show(line), "write measurement,tag=value field=value timestamp");
            return;
        }
        var tags = line[..fieldsAt];
        var rest = line[(fieldsAt + 1)..].TrimStart((byte)' ');
        var timeAt = Find(rest, (byte)' ', quotes: true);
        var fields = timeAt < 0 ? rest : rest[..timeAt];
        var time = timeAt < 0 ? [] : rest[(timeAt + 1)..].Trim((byte)' ');

        if (Find(fields, (byte)'=') <= 0)
        {
            batch.Fault($"lines[{index}].fields", Show(fields), "write measurement,tag=value field=value timestamp");
            return;
        }
        if (!TryPower(fields, index, out var watts)) return;
        if (!TryTime(time, out var ts) || ts < ReadingLimits.MinTs || ts > batch.LatestTs)
        {
            batch.Fault($"lines[{index}].timestamp", Show(time),
                "give whole units of the precision parameter, from 2000-01-01 to one day ahead");
            return;
        }
        if (TryName(tags, index, out var length)) batch.Add(name.AsSpan(0, length), new Reading(ts, watts));
    }

    // False as well where the line holds no power, which is no fault.
    private bool TryPower(ReadOnlySpan<byte> fields, int index, out double watts)
    {
        watts = 0;
        foreach (var key in (ReadOnlySpan<string>)["watts", "power", "value"])
        {
            if (!TryGet(fields, key, out var value, quotes: true)
                || value is [(byte)'"' or (byte)'t' or (byte)'f' or (byte)'T' or (byte)'F', ..]) continue;
            if (value is [.., (byte)'i' or (byte)'u']) value = value[..^1];
            if (Utf8Parser.TryParse(value, out watts, out var used) && used == value.Length && Math.Abs(watts) <= ReadingLimits.MaxWatts)
                return true;
            batch.Fault($"lines[{index}].{key}", Show(value), $"give a number of watts within ±{ReadingLimits.MaxWatts:N0}");
            return false;
        }
        return false;
    }

    private bool TryTime(ReadOnlySpan<byte> text, out long ts)
    {
        ts = now;
        if (text.IsEmpty) return true;
        if (!Utf8Parser.TryParse(text, out long ticks, out var used) || used != text.Length) return false;
        ts = secondsPerTick == 0 ? ticks / ticksPerMillisecond : ticks is > -1_000_000_000_000 and < 1_000_000_000_000 ? ticks * 1000 : 0;
        return true;
    }

    private bool TryName(ReadOnlySpan<byte> tags, int index, out int length)
    {
        length = 0;
        ReadOnlySpan<byte> building = [];
        var found = false;
        foreach (var key in (ReadOnlySpan<string>)["building", "buildingId", "building_id", "host"])
            if (found = TryGet(tags, key, out building)) break;
        if (!found && bucket is not null) building = Encoding.UTF8.GetBytes(bucket);
        if (!TryGet(tags, "meter", out var meter) && !TryGet(tags, "entity_id", out meter)) meter = "mains"u8;
        if (!ReadingLimits.IsId(building) || !ReadingLimits.IsId(meter))
        {
            var tag = ReadingLimits.IsId(building) ? "meter" : "building";
            batch.Fault($"lines[{index}].{tag}", Show(tag == "meter" ? meter : building),
                $"give the tag {tag} 1 to {ReadingLimits.MaxIdLength} of A-Z a-z 0-9 . _ : -");
            return false;
        }
        building.CopyTo(name);
        name[building.Length] = (byte)'\n';
        meter.CopyTo(name.AsSpan(building.Length + 1));
        length = building.Length + 1 + meter.Length;
        return true;
    }

    // The value of a key in "a=1,b=2". Ids and numbers hold no escapes; text that does is passed over whole.
    private static bool TryGet(ReadOnlySpan<byte> list, string key, out ReadOnlySpan<byte> value, bool quotes = false)
    {
        while (!list.IsEmpty)
        {
            var end = Find(list, (byte)',', quotes);
            var pair = end < 0 ? list : list[..end];
            list = end < 0 ? [] : list[(end + 1)..];
            var equals = Find(pair, (byte)'=');
            if (equals != key.Length || !Ascii.Equals(pair[..equals], key)) continue;
            value = pair[(equals + 1)..];
            return true;
        }
        value = [];
        return false;
    }

    /// <summary>How many blanks and line ends a text begins with.</summary>
    public static int Blanks(ReadOnlySpan<byte> text) => text.IndexOfAnyExcept(" \t\r\n"u8) is >= 0 and var start ? start : text.Length;

    /// <summary>
    /// Where the first line of a text that begins without blanks ends: at a line feed, but not at one within a quoted text; -1: nowhere
    /// yet.
    /// </summary>
    public static int EndOfLine(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text[0] == '#') return text.IndexOf((byte)'\n');
        var (inFields, quoted) = (false, false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\n' && !quoted) return i;
            if (c == '\\' && i + 1 < text.Length && text[i + 1] != '\n') i++;
            else if (c == ' ') inFields = true;
            else if (c == '"' && inFields) quoted = !quoted;
        }
        return -1;
    }

    // The next separator that is not escaped, and not inside quotes where these mean anything: among the fields.
    private static int Find(ReadOnlySpan<byte> text, byte separator, bool quotes = false)
    {
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (quotes && text[i] == '"') quoted = !quoted;
            else if (text[i] == separator && !quoted) return i;
        }
        return -1;
    }

    private static string Show(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(64, text.Length)]);
}

namespace App.Energy.Disaggregation;

/// <summary>
/// Minutes in the making, column by column. The columns of what went on within them exist only from the first minute on of
/// which anything is known, so a house whose meter reads once a minute takes a third of the memory.
/// </summary>
/// <param name="capacity">Minutes to make room for.</param>
internal sealed class MinuteColumns(int capacity)
{
    private float[] mean = new float[capacity];
    private float[]? low;
    private float[]? high;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>All of them; good until the next change.</summary>
    public Minutes Minutes => low is null
        ? new Minutes(mean.AsSpan(0, Count))
        : new Minutes(mean.AsSpan(0, Count), low.AsSpan(0, Count), high.AsSpan(0, Count));

    /// <summary>Adds one.</summary>
    public void Add(in Cell cell)
    {
        if (Count == mean.Length) Resize(Count * 2);
        if (low is null && cell.Low != cell.High && !cell.IsBreak)
        {
            low = [.. mean];
            high = [.. mean];
        }
        mean[Count] = cell.Watts;
        if (low is not null) (low[Count], high![Count]) = (cell.Low, cell.High);
        Count++;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Count = 0;
        low = high = null;
    }

    /// <summary>Forgets all but the newest, and gives back room that is no longer needed.</summary>
    public void KeepNewest(int newest)
    {
        var surplus = Count - newest;
        if (surplus <= 0) return;
        foreach (var column in (ReadOnlySpan<float[]?>)[mean, low, high])
            column?.AsSpan(surplus, newest).CopyTo(column);
        Count = newest;
        if (mean.Length > Math.Max(capacity, newest * 2)) Resize(capacity);
    }

    private void Resize(int length)
    {
        Array.Resize(ref mean, length);
        if (low is null) return;
        Array.Resize(ref low, length);
        Array.Resize(ref high, length);
    }
}

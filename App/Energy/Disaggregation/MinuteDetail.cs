using System.Runtime.CompilerServices;

namespace App.Energy.Disaggregation;

/// <summary>
/// The lowest and the highest level of a minute that lasted <see cref="HeldMs"/> in all. What is shorter, such as the inrush of
/// a motor, a reading gone wrong or what spills over from the minute before, does not count.
/// </summary>
internal sealed class MinuteDetail
{
    /// <summary>How long a level must last, in one piece or in several.</summary>
    public const int HeldMs = 5_000;

    private HeldLevel high;
    private HeldLevel low;

    /// <summary>Highest level held.</summary>
    public float High => high.Level;

    /// <summary>Lowest level held.</summary>
    public float Low => -low.Level;

    /// <summary>Counts a level that lasted so many milliseconds.</summary>
    public void Add(float watts, int ms)
    {
        high.Add(watts, ms);
        low.Add(-watts, ms);
    }

    /// <summary>Begins another minute.</summary>
    public void Clear()
    {
        high.Clear();
        low.Clear();
    }

    /// <summary>
    /// The highest levels, highest first, as few as last <see cref="HeldMs"/> together: the last of them is the level held.
    /// Steady power costs one comparison. Where readings are finer than a second, the levels nearest to each other become one,
    /// so that the state is bounded.
    /// </summary>
    private struct HeldLevel
    {
        private const int Places = 8;

        private Levels levels;
        private int count;
        private int total;

        public readonly float Level => levels[count - 1].Watts;

        public void Clear() => count = total = 0;

        public void Add(float watts, int ms)
        {
            if (total >= HeldMs && watts <= levels[count - 1].Watts) return;
            if (count == Places) JoinNearest();
            var place = count++;
            for (; place > 0 && levels[place - 1].Watts < watts; place--) levels[place] = levels[place - 1];
            levels[place] = (watts, ms);
            total += ms;
            while (total - levels[count - 1].Ms >= HeldMs) total -= levels[--count].Ms;
        }

        private void JoinNearest()
        {
            var nearest = 1;
            for (var i = 2; i < count; i++)
            {
                if (levels[i - 1].Watts - levels[i].Watts < levels[nearest - 1].Watts - levels[nearest].Watts) nearest = i;
            }
            levels[nearest] = (levels[nearest].Watts, levels[nearest - 1].Ms + levels[nearest].Ms);
            for (var i = nearest; i < count; i++) levels[i - 1] = levels[i];
            count--;
        }

        [InlineArray(Places)]
        private struct Levels
        {
            private (float Watts, int Ms) first;
        }
    }
}

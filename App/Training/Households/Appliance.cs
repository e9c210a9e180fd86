namespace App.Training.Households;

/// <summary>Something that draws power: made with its own character, then asked for one day after another.</summary>
internal abstract class Appliance(Random random)
{
    /// <summary>This appliance's own source of chance.</summary>
    protected Random Random { get; } = random;

    /// <summary>Draws today's use.</summary>
    public abstract void Live(DayCanvas day);
}

/// <summary>Where a house stands: mains voltage and habits differ.</summary>
internal enum Region
{
    /// <summary>230 V, kettles, washing machines that heat their water.</summary>
    British,

    /// <summary>120 V, hardly any kettles, hot water from outside, strong dryers and air conditioning.</summary>
    American,
}

namespace App.Training;

/// <summary>Draws that <see cref="Random"/> lacks.</summary>
internal static class Chance
{
    /// <summary>A draw from the standard normal distribution (Box and Muller 1958).</summary>
    public static double NextGaussian(this Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>
    /// About a standard normal draw, within ±3, for the noise of each step: the sum of three uniform ones out of one number, a
    /// fifth of the price of <see cref="NextGaussian"/>.
    /// </summary>
    public static float NextRipple(this Random random)
    {
        var bits = random.Next();
        return (((bits & 1023) + ((bits >> 10) & 1023) + ((bits >> 20) & 1023)) * (2f / 1023)) - 3;
    }

    /// <summary>A uniform draw.</summary>
    public static float Between(this Random random, double low, double high) => (float)(low + ((high - low) * random.NextDouble()));

    /// <summary>True with the given probability.</summary>
    public static bool Happens(this Random random, double probability) => random.NextDouble() < probability;

    /// <summary>A count with the given mean (Poisson, Knuth's product of uniforms).</summary>
    public static int Count(this Random random, double mean)
    {
        var limit = Math.Exp(-mean);
        var count = 0;
        for (var product = random.NextDouble(); product > limit; product *= random.NextDouble()) count++;
        return count;
    }
}

using App.Energy.Disaggregation;
using App.Engines.Models;

namespace App.Tests.Energy.Disaggregation;

public sealed class WindowBatchTests
{
    private static readonly ModelSpec Spec = new()
    {
        Name = "test",
        Input = new TensorSpec("mains", [-1, 7]),
        Output = new TensorSpec("watts", [-1, 2]),
        Window = 7,
        TargetOffset = 3,
        Labels = ["a", "b"],
    };

    [Fact]
    public void A_window_inside_a_segment_is_what_was_measured()
    {
        Assert.Equal([2, 3, 4, 5, 6, 7, 8], WindowOf([.. Enumerable.Range(0, 20).Select(i => (float)i)], 5));
    }

    [Fact]
    public void Beyond_what_is_known_a_window_is_padded_with_the_value_at_the_edge()
    {
        Assert.Equal([10, 10, 10, 11, 12, 12, 12], WindowOf([10, 11, 12], 1));
    }

    [Fact]
    public void A_window_never_reaches_across_a_break()
    {
        Assert.Equal([5, 5, 5, 6, 7, 7, 7], WindowOf([1, 2, float.NaN, 5, 6, 7, float.NaN, 8, 9], 4));
        Assert.Equal([5, 5, 5, 5, 6, 7, 7], WindowOf([1, 2, float.NaN, 5, 6, 7, float.NaN, 8, 9], 3));
    }

    [Fact]
    public void A_window_does_not_depend_on_how_much_history_is_handed_in()
    {
        var cells = Enumerable.Range(0, 40).Select(i => (float)i).ToArray();
        Assert.Equal(WindowOf(cells, 20), WindowOf(cells[17..], 3));
    }

    [Fact]
    public void A_full_batch_takes_no_more_until_it_is_cleared()
    {
        var batch = new WindowBatch(Spec, 2);
        Assert.Equal(0, batch.Add(new Minutes([1]), 0));
        Assert.Equal(1, batch.Add(new Minutes([2]), 0));
        Assert.True(batch.IsFull);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Add(new Minutes([3]), 0));
        batch.Clear();
        Assert.Equal(0, batch.Add(new Minutes([3]), 0));
        Assert.Equal(3, batch.Mains(0));
    }

    [Fact]
    public void A_model_that_takes_them_sees_the_lows_and_the_highs_behind_the_means_and_nothing_of_them_beyond_what_is_known()
    {
        var batch = new WindowBatch(Spec with { Input = new TensorSpec("mains", [-1, Minutes.Rows, 7]) }, 2);
        batch.Add(new Minutes([1]), 0);
        var row = batch.Add(new Minutes([9, float.NaN, 10, 11, 12], [0, float.NaN, 5, 6, 7], [20, float.NaN, 15, 16, 17]), 3);
        Assert.Equal([10, 10, 10, 11, 12, 12, 12, 10, 10, 5, 6, 7, 12, 12, 10, 10, 15, 16, 17, 12, 12], batch.WindowOf(row).ToArray());
        Assert.Equal(11, batch.Mains(row));
    }

    [Fact]
    public void A_model_of_one_value_a_minute_sees_the_means()
    {
        var batch = new WindowBatch(Spec, 1);
        batch.Add(new Minutes([10, 11, 12], [5, 6, 7], [15, 16, 17]), 1);
        Assert.Equal([10, 10, 10, 11, 12, 12, 12], batch.WindowOf(0).ToArray());
    }

    private static float[] WindowOf(float[] cells, int target)
    {
        var batch = new WindowBatch(Spec, 1);
        return batch.WindowOf(batch.Add(new Minutes(cells), target)).ToArray();
    }
}

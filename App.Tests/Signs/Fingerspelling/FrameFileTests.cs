using App.Platform.Files;
using App.Signs.Fingerspelling;
using App.Tests.Fixtures;

namespace App.Tests.Signs.Fingerspelling;

public sealed class FrameFileTests
{
    private static readonly string Names = string.Join(',', Enumerable.Range(0, 63).Select(i => $"{"xyz"[i % 3]}{i / 3}"));
    private static readonly string Values = string.Join(',', Enumerable.Range(0, 63).Select(i => i / 100.0));

    [Fact]
    public void Frames_come_in_the_order_of_the_file_with_their_ids()
    {
        using var folder = TestFolder.Create();
        var frames = FrameFile.ReadUnlabelled(Write(folder, $"id,{Names}\nb,{Values}\n\na-7,{Values}\n"));
        Assert.Equal(["b", "a-7"], frames.Ids);
        Assert.Equal(2 * 63, frames.Landmarks.Length);
        Assert.Equal(0.62f, frames.Landmarks[62]);
    }

    [Fact]
    public void Labels_and_signers_are_read_wherever_their_columns_stand()
    {
        using var folder = TestFolder.Create();
        var frames = FrameFile.ReadLabelled(Write(folder, $"{Names},signer,label\n{Values},ada,z\n{Values},bob,A\n"));
        Assert.Equal([25, 0], frames.Letters);
        Assert.Equal(["frames/ada", "frames/bob"], frames.Signers);
        Assert.Equal(1, frames.Where(signer => signer.EndsWith("bob", StringComparison.Ordinal)).Count);
    }

    [Theory]
    [InlineData("", "line 1: the file is empty")]
    [InlineData("id,x0\n", "line 1: there is no column 'y0'")]
    [InlineData("@\n", "line 1: there is no column 'id'")]
    [InlineData("id,id,@\n", "line 1: there are two columns 'id'")]
    [InlineData("id,@\na,#\nb,1,2\n", "line 3: there are 3 fields, and 64 columns in the header")]
    [InlineData("id,@\na,#\nb,?\n", "line 3: column z20 is 'left': give a number")]
    [InlineData("id,@\nb,!\n", "line 2: column z20 is 'NaN': give a number")]
    [InlineData("id,@\nb,~\n", "line 2: column z20 is '': give a number")]
    public void A_bad_file_is_told_by_line_and_column(string content, string fault)
    {
        using var folder = TestFolder.Create();
        var without = Values[..Values.LastIndexOf(',')];
        var path = Write(folder,
            content.Replace("@", Names)
                .Replace("#", Values).Replace("?", without + ",left").Replace("!", without + ",NaN").Replace("~", without + ","));
        Assert.Contains(fault, Assert.Throws<BadFileException>(() => FrameFile.ReadUnlabelled(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_that_is_no_letter_is_told_by_line()
    {
        using var folder = TestFolder.Create();
        var path = Write(folder, $"label,{Names}\nA,{Values}\nspace,{Values}\n");
        Assert.Contains("line 3: column label is 'space': give a letter from A to Z",
            Assert.Throws<BadFileException>(() => FrameFile.ReadLabelled(path)).Message, StringComparison.Ordinal);
    }

    private static string Write(TestFolder folder, string content)
    {
        var path = Path.Combine(folder.Path, "frames.csv");
        File.WriteAllText(path, content);
        return path;
    }
}

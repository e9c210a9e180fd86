using App.Energy.Disaggregation;
using App.Platform.Files;

namespace App.Tests.Energy.Disaggregation;

public sealed class MeterFileTests
{
    [Theory]
    [InlineData("1380585600")]
    [InlineData("1380585600000")]
    [InlineData("2013-10-01T00:00:00Z")]
    [InlineData("2013-10-01T02:00:00+02:00")]
    [InlineData("\"2013-10-01 00:00:00\"")]
    [InlineData("1380585600.0")]
    public void Times_are_Unix_seconds_or_milliseconds_or_RFC_3339(string t)
    {
        Assert.Equal(1_380_585_600_000, Read($"t,mains\n{t},100\n").Starts[0]);
    }

    [Fact]
    public void Rows_may_stand_in_any_order_and_the_last_of_equal_times_counts()
    {
        var house = Read("mains,x,t\n7,a,1380585720\n5,b,1380585600\n6,c,1380585660\n9,d,1380585600\n");
        Assert.Equal([9, 6, 7, float.NaN], house.Mains);
    }

    [Fact]
    public void A_row_without_mains_is_a_missing_reading()
    {
        var house = Read("t,mains,kettle\n1380585600,5,1\n1380585660,,2\n1380585720,7,\n");
        Assert.Equal([5, 5, 7, float.NaN], house.Mains);
        Assert.Equal([1, 1, float.NaN, float.NaN], house.Truth[Appliances.Kettle]!);
        Assert.Null(house.Truth[Appliances.Fridge]);
    }

    [Theory]
    [InlineData("", "line 1: the file is empty")]
    [InlineData("time,mains\n1,2\n", "line 1: there is no column 't' but time, mains")]
    [InlineData("t,power\n1,2\n", "line 1: there is no column 'mains'")]
    [InlineData("t,mains\n", "it holds no row with mains")]
    [InlineData("t,mains\n1380585600,1\nyesterday,1\n", "line 3: t is 'yesterday'")]
    [InlineData("t,mains\n1380585600,1\n-5,1\n", "line 3: t is '-5': only the years 2000 to 2099")]
    [InlineData("t,mains\n1e300,1\n", "line 2: t is '1e300'")]
    [InlineData("t,mains\nNaN,1\n", "line 2: t is 'NaN'")]
    [InlineData("t,mains\n1380585600,one\n", "line 2: mains is 'one'")]
    [InlineData("t,mains\n1380585600,1e308\n", "line 2: mains is '1e308'")]
    [InlineData("t,mains\n1380585600,Infinity\n", "line 2: mains is 'Infinity'")]
    [InlineData("t,mains,kettle\n1380585600,1,x\n", "line 2: kettle is 'x'")]
    [InlineData("t,mains\n1380585600\n", "line 2: there are fewer fields than the header's 2")]
    [InlineData("t,mains\n1380585600,1,2\n", "line 2: there are more fields than the header's 2")]
    public void A_fault_names_the_line_and_the_value(string csv, string fault)
    {
        Assert.Contains(fault, Assert.Throws<BadFileException>(() => Read(csv)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_gzip_file_is_refused()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "x.csv.gz");
        File.WriteAllText(path, "t,mains\n1380585600,1\n");
        Assert.Contains("no gzip file", Assert.Throws<BadFileException>(() => MeterFile.Read(path)).Message, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    private static House Read(string csv) => MeterFile.Read(new StringReader(csv), "house.csv");
}

using App.Development;
using App.Platform.Configuration;

namespace App.Tests.Development;

public sealed class SimulationOptionsTests
{
    [Fact]
    public void The_key_is_the_option_else_that_of_the_environment()
    {
        Assert.Equal("given", Read("--key", "given").Key);
        Assert.Equal("of-the-environment", Read().Key);
    }

    [Fact]
    public void Unset_it_posts_a_day_of_household_15_to_this_machine_and_goes_on_live()
    {
        var options = Read();
        Assert.Equal(("http://localhost:8080/", "sim-1", 15, 1, true, 0),
            (options.Url.ToString(), options.Building, options.Seed, options.Days, options.Live, options.Speed));
    }

    [Theory]
    [InlineData("--url", "localhost:8080")]
    [InlineData("--building", "my house")]
    [InlineData("--seed", "x")]
    [InlineData("--days", "-1")]
    [InlineData("--live", "maybe")]
    public void A_wrong_value_is_named(string option, string value)
    {
        var error = Assert.Single(new SimulateCommand(Environment).Parse([option, value]).Errors);
        Assert.Contains($"{option} is '{value}'", error.Message);
    }

    private static Variables Environment { get; } =
        Variables.Of(new Dictionary<string, string?> { ["ADMIN_API_KEY"] = "of-the-environment" });

    private static SimulationOptions Read(params string[] args)
    {
        var command = new SimulateCommand(Environment);
        return command.Read(command.Parse(args));
    }
}

using System.Net;
using App.Platform.Configuration;
using App.Platform.Http;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Http;

/// <summary>Which addresses user-supplied URLs may reach, and that a name that changes its mind gains nothing.</summary>
public sealed class EgressTests
{
    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.15.0.1", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::8.8.8.8", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("64:ff9b::10.0.0.1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd12::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("2001:db8::1", false)]
    public void Only_addresses_of_the_internet_are_public(string address, bool isPublic) =>
    Assert.Equal(isPublic, EgressPolicy.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0/8", "x", "10.9.9.9", true)]
    [InlineData("10.1.2.3/8", "x", "10.9.9.9", true)]
    [InlineData("10.0.0.0/8", "x", "::ffff:10.9.9.9", true)]
    [InlineData("10.0.0.0/8", "x", "11.0.0.1", true)]
    [InlineData("10.0.0.0/8", "x", "127.0.0.1", false)]
    [InlineData("fd00::/8", "x", "fd12::1", true)]
    [InlineData("meter.local, 192.168.0.7", "METER.local.", "192.168.0.9", true)]
    [InlineData("meter.local, 192.168.0.7", "other.local", "192.168.0.9", false)]
    [InlineData("meter.local, 192.168.0.7", "other.local", "192.168.0.7", true)]
    public void The_operator_allows_hosts_and_ranges(string allow, string host, string address, bool allowed) =>
    Assert.Equal(allowed, Policy(allow).Allows(host, IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("exa mple/8")]
    [InlineData("a_b!")]
    public void A_wrong_list_is_a_fault(string allow)
    {
        var variables = Variables.Of(new Dictionary<string, string?> { ["EGRESS_ALLOW"] = allow });
        EgressOptions.Read(variables);
        Assert.NotEmpty(variables.Faults);
        Assert.All(variables.Faults, fault => Assert.StartsWith("EGRESS_ALLOW is '", fault));
    }

    [Fact]
    public async Task A_name_that_resolves_otherwise_the_next_time_is_refused_the_next_time()
    {
        await using var stub = await HttpStub.StartAsync();
        var answers = new Queue<IPAddress[]>([[IPAddress.Parse("127.0.0.1")], [IPAddress.Parse("127.0.0.9")]]);
        var egress = new Egress(Policy("127.0.0.1")) { Resolve = (_, _) => Task.FromResult(answers.Dequeue()) };
        var url = new Uri($"http://rebinding.example:{stub.Url.Port}/");
        using (var http = egress.NewClient())
        using (var first = await http.GetAsync(url)) Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        using (var http = egress.NewClient())
        {
            var refused = EgressRefusedException.In(await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(url)));
            Assert.Contains("'rebinding.example' is at a private", refused!.Message);
        }
        Assert.Empty(answers);
    }

    [Fact]
    public async Task Of_several_addresses_only_those_that_are_allowed_are_called()
    {
        await using var stub = await HttpStub.StartAsync("127.0.0.1");
        var egress =
            new Egress(
                Policy("127.0.0.1"))
            {
                Resolve = (_, _) =>
                    Task.FromResult<IPAddress[]>([IPAddress.Parse("10.255.255.1"), IPAddress.Loopback])
            };
        using var http = egress.NewClient();
        using var response = await http.GetAsync(new Uri($"http://both.example:{stub.Url.Port}/"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static EgressPolicy Policy(string allow) =>
        new(EgressOptions.Read(Variables.Of(new Dictionary<string, string?> { ["EGRESS_ALLOW"] = allow })));
}

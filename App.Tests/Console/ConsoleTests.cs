using App.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

[Collection(BrowserTests.Name)]
public sealed class ConsoleTests(Browser browser) : IAsyncLifetime
{
    private static readonly string[] Appliances = ["kettle", "microwave", "dishwasher", "washing_machine", "fridge", "other"];
    private readonly StubServer server = new();

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync().AsTask();

    [Fact]
    public async Task The_curve_of_a_day_is_drawn_with_every_appliance()
    {
        server.Houses.Enqueue(new StubHouse("h1").Fill(StubServer.Now, TimeSpan.FromHours(30)));
        await using var console = await OpenAsync();

        await Expect(console.Card("kettle")).ToBeVisibleAsync();

        // A kettle boils for three minutes of a day: a few pixels wide.
        var pixels = await console.UntilDrawnAsync(20, [.. Appliances, "measured"]);
        Assert.True(pixels["other"] > pixels["kettle"]);
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task New_readings_and_predictions_appear_without_a_reload()
    {
        var house = new StubHouse("h1").Fill(StubServer.Now, TimeSpan.FromHours(3));
        server.Houses.Enqueue(house);
        await using var console = await OpenAsync();
        await Expect(console.Live).ToHaveTextAsync("Live");
        await console.Page.EvaluateAsync("() => { window.sameDocument = true; }");

        house.Measure(StubServer.Now.AddSeconds(20), 4321);
        house.Predict(house.Predictions[^1].Ts.AddMinutes(1), "kettle", 2222, final: false);

        await Expect(console.PowerNow).ToHaveTextAsync("4,321");
        await Expect(console.Card("kettle").Locator(".watts")).ToHaveTextAsync("2,222\u00a0W");
        await Expect(console.Card("kettle").Locator(".badge")).ToHaveTextAsync("On");
        Assert.True(await console.Page.EvaluateAsync<bool>("() => window.sameDocument === true"));
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task Cards_say_in_words_what_is_on_how_much_it_takes_and_when_it_was_last_used()
    {
        var house = Flat("h1");
        var newest = house.Predictions[^1].Ts;
        for (var i = 0; i < 60; i++) house.Predict(newest.AddMinutes(-i), "dishwasher", 2000, final: i > 50);
        server.Houses.Enqueue(house);
        await using var console = await OpenAsync();

        await Expect(console.Card("dishwasher").Locator(".badge")).ToHaveTextAsync("On");
        await Expect(console.Card("dishwasher")).ToContainTextAsync("2,000\u00a0W");
        await Expect(console.Card("dishwasher")).ToContainTextAsync("since ");
        await Expect(console.Card("kettle").Locator(".badge")).ToHaveTextAsync("Off");
        await Expect(console.Card("kettle")).ToContainTextAsync("Last used–");
        await Expect(console.Page.Locator("#on-names")).ToHaveTextAsync("Dishwasher, Fridge");
        await Expect(console.Page.Locator("#as-of")).ToContainTextAsync("provisional");
        await Expect(console.Page.Locator("#model")).ToHaveTextAsync("disaggregation@3");
        await Expect(console.Page.Locator("#lag")).ToHaveTextAsync("3");
        await Expect(console.Page.Locator("#owners li")).ToHaveCountAsync(2);
        await Expect(console.Page.Locator("#service-state")).ToHaveTextAsync("Up");
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task Feeding_into_the_grid_is_drawn_below_zero_and_said_in_words()
    {
        server.Houses.Enqueue(Flat("roof", watts: -1500));
        await using var console = await OpenAsync();

        await Expect(console.PowerNow).ToHaveTextAsync("-1,500");
        await Expect(console.Page.Locator("#now-note")).ToHaveTextAsync("feeding into the grid");
        await Expect(console.Page.Locator("#solar")).ToBeVisibleAsync();
        await Expect(console.Page.Locator("#fed-figure")).ToBeVisibleAsync();
        await console.ChooseRangeAsync("3h");
        await console.UntilDrawnAsync(500, "feed");
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task An_empty_installation_shows_how_to_begin_and_then_the_first_building()
    {
        await using var console = await OpenAsync();

        await Expect(console.Page.Locator("#curl")).ToContainTextAsync($"curl -X POST {server.Address}/ingest/readings");
        await Expect(console.Page.GetByText("App simulate")).ToBeVisibleAsync();
        var first = new StubHouse("first-house");
        first.Measure(StubServer.Now, 230);
        server.Houses.Enqueue(first);

        await Expect(console.Page.Locator("#house-name")).ToHaveTextAsync("first-house");
        await Expect(console.PowerNow).ToHaveTextAsync("230");
        await Expect(console.Page.Locator("#no-predictions")).ToBeVisibleAsync();
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task A_server_that_is_away_is_announced_and_the_page_recovers()
    {
        server.Houses.Enqueue(Flat("h1"));
        await using var console = await OpenAsync();
        await Expect(console.Live).ToHaveTextAsync("Live");

        server.Away = true;
        await Expect(console.Banner).ToContainTextAsync("The database does not answer");
        await Expect(console.Live).ToHaveTextAsync("No connection");
        server.Houses.First().Measure(StubServer.Now.AddSeconds(30), 777);
        server.Away = false;

        await Expect(console.Banner).ToBeHiddenAsync();
        await Expect(console.PowerNow).ToHaveTextAsync("777");
        Assert.All(console.Complaints, complaint => Assert.Contains("503", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Buildings_and_meters_can_be_chosen_and_the_address_remembers_them()
    {
        var second = Flat("second");
        second.Measure(StubServer.Now, 42, "heat-pump");
        foreach (var house in (StubHouse[])[Flat("first"), second]) server.Houses.Enqueue(house);
        await using var console = await OpenAsync();

        await console.Building.SelectOptionAsync("second");
        await Expect(console.Page.Locator("#house-name")).ToHaveTextAsync("second");
        await console.Page.GetByLabel("Meter").SelectOptionAsync("heat-pump");
        await Expect(console.PowerNow).ToHaveTextAsync("42");
        await console.ChooseRangeAsync("12h");
        await console.Page.ReloadAsync();

        await Expect(console.Page.Locator("#house-name")).ToHaveTextAsync("second");
        await Expect(console.PowerNow).ToHaveTextAsync("42");
        await Expect(console.Page.Locator("#ranges [aria-pressed='true']")).ToHaveTextAsync("12 h");
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task Many_buildings_are_found_by_typing()
    {
        for (var i = 0; i < 40; i++) server.Houses.Enqueue(Flat($"house-{i:00}"));
        await using var console = await OpenAsync();

        await Expect(console.Building).ToBeHiddenAsync();
        var search = console.Page.GetByRole(AriaRole.Combobox, new() { Name = "Building id" });
        await search.FillAsync("house-37");
        await search.PressAsync("Enter");

        await Expect(console.Page.Locator("#house-name")).ToHaveTextAsync("house-37");
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task A_house_that_has_gone_quiet_shows_its_last_day_with_the_date()
    {
        var end = new DateTimeOffset(2024, 3, 14, 18, 30, 0, TimeSpan.Zero);
        server.Houses.Enqueue(new StubHouse("archive").Fill(end, TimeSpan.FromHours(26)));
        await using var console = await OpenAsync();

        await Expect(console.Live).ToHaveTextAsync("Quiet since 14 Mar, 19:30");
        await Expect(console.Page.Locator("#now-label")).ToHaveTextAsync("Power at the last reading");
        await Expect(console.Page.Locator("#used-label")).ToHaveTextAsync("Used on 14 Mar");
        await console.UntilDrawnAsync(20, "dishwasher");
        Assert.Empty(console.Complaints);
    }

    private static StubHouse Flat(string id, double watts = 300)
    {
        var house = new StubHouse(id);
        var now = StubServer.Now;
        var minute = new DateTimeOffset(now.Ticks - now.Ticks % TimeSpan.TicksPerMinute, TimeSpan.Zero);
        for (var i = 0; i <= 120; i++) house.Measure(minute.AddMinutes(-i), watts);
        for (var i = 10; i <= 60; i++)
            foreach (var appliance in Appliances)
                house.Predict(minute.AddMinutes(-i), appliance, appliance is "fridge" or "other" ? 90 : 0, final: false);
        return house;
    }

    private async Task<ConsolePage> OpenAsync()
    {
        var console = new ConsolePage(await browser.NewPageAsync(), server.Address);
        await console.SignInByLinkAsync(StubServer.Key);
        return console;
    }
}

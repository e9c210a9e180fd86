using System.Text;
using App.Tests.Engines.Models;
using App.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>Model versions in a browser, on a real server that has the shipped models.</summary>
[Collection(BrowserTests.Name)]
public sealed class ModelsPageTests(Browser browser) : IAsyncLifetime
{
    private AppHost app = null!;

    public async Task InitializeAsync() => app = await AppHost.StartAsync();

    public Task DisposeAsync() => app.DisposeAsync().AsTask();

    [Fact]
    public async Task A_version_is_registered_run_beside_activated_and_rolled_back()
    {
        await using var page = await OpenAsync();
        await UploadAsync(page, 1);
        await Expect(page.Toast).ToHaveTextAsync("tiny@1 is a candidate.");
        await ConfirmAsync(page, "Activate tiny@1");
        await Expect(Row(page, "tiny@1").Locator(".badge")).ToHaveTextAsync("active");
        await UploadAsync(page, 2);

        await page.Button("Run beside tiny@2").ClickAsync();
        await Expect(Row(page, "tiny@2")).ToContainTextAsync("Nothing compared yet.");
        await app.ExecuteAsync("""
            update model_shadows set compared = 200, agreed = 190, candidate_seconds = 0.001, active_seconds = 0.002, compared_at = now();
            insert into model_shadow_disagreements select id, 'A', 'S', 10 from model_shadows
            """);
        await Expect(Row(page, "tiny@2")).ToContainTextAsync("95.0\u00a0% of 200 live inputs alike");
        await Row(page, "tiny@2").GetByText("Where they differ").ClickAsync();
        await Expect(Row(page, "tiny@2")).ToContainTextAsync("A → S: 10");

        await page.Button("Activate tiny@2").ClickAsync();
        await Expect(page.Page.Locator("#confirm-text")).ToContainTextAsync("95.0");
        await page.Page.Locator("#confirm-yes").ClickAsync();
        await Expect(Row(page, "tiny@2").Locator(".badge").First).ToHaveTextAsync("active");
        await Expect(Row(page, "tiny@2")).ToContainTextAsync("ended");
        await ConfirmAsync(page, "Roll back to tiny@1");
        await Expect(Row(page, "tiny@1").Locator(".badge").First).ToHaveTextAsync("active");
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Scores_stand_beside_their_baselines_and_a_bad_version_is_refused()
    {
        await using var page = await OpenAsync();
        await Expect(Row(page, "fingerspelling@1")).ToContainTextAsync("accuracy");
        await Expect(Row(page, "fingerspelling@1")).ToContainTextAsync("centroid");
        await Expect(Row(page, "disaggregation@1")).ToContainTextAsync("kettle.f1");
        await page.Button("Register").ClickAsync();
        await Expect(page.Toast).ToContainTextAsync("Choose the model");
        await ChooseAsync(page, "not a model"u8.ToArray());
        await page.Button("Register").ClickAsync();
        await Expect(page.Toast).ToContainTextAsync("It is no ONNX file");
        await Expect(page.Rows).ToHaveCountAsync(2);
    }

    [Theory]
    [InlineData(360, false)]
    [InlineData(1280, true)]
    public async Task It_fits_and_is_legible(int width, bool dark)
    {
        await using var page = new DashboardPage(await browser.NewPageAsync(width, dark: dark), app);
        await page.OpenAsync("/models");
        await Expect(page.Rows).ToHaveCountAsync(2);
        Assert.Equal(0, await page.OverflowAsync());
        Assert.Empty(await Contrast.FaultsAsync(page.Page));
    }

    private static ILocator Row(DashboardPage page, string label) => page.Page.Locator($"tr[data-key='{label}']");

    private static async Task ConfirmAsync(DashboardPage page, string button)
    {
        await page.Button(button).ClickAsync();
        await page.Page.Locator("#confirm-yes").ClickAsync();
    }

    private static async Task UploadAsync(DashboardPage page, int version)
    {
        await ChooseAsync(page, TinyModel.Scaling(version));
        await page.Button("Register").ClickAsync();
        await Expect(Row(page, $"tiny@{version}")).ToBeVisibleAsync();
    }

    private static async Task ChooseAsync(DashboardPage page, byte[] artifact)
    {
        await page.Page.GetByLabel("Model (.onnx)")
            .SetInputFilesAsync(new FilePayload { Name = "tiny.onnx", MimeType = "application/octet-stream", Buffer = artifact });
        await page.Page.GetByLabel("Spec (.json)")
            .SetInputFilesAsync(new FilePayload
            {
                Name = "tiny.json",
                MimeType = "application/json",
                Buffer = Encoding.UTF8.GetBytes(TinyModel.Spec().ToJson())
            });
    }

    private async Task<DashboardPage> OpenAsync()
    {
        var page = new DashboardPage(await browser.NewPageAsync(), app);
        await page.OpenAsync("/models");
        await Expect(page.Rows).ToHaveCountAsync(2);
        return page;
    }
}

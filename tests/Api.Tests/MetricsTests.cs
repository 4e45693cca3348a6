using System.Text;
using Frazil.Iceberg;

namespace Frazil.Api.Tests;

public sealed class MetricsTests : CatalogTests
{
    private const string Scan =
        """{"report-type":"scan-report","table-name":"ns.t","snapshot-id":1,"filter":true,"schema-id":0,"projected-field-ids":[1],"projected-field-names":["id"],"metrics":{"total-planning-duration":{"count":1,"time-unit":"nanoseconds","total-duration":5}}}""";

    private const string Commit =
        """{"report-type":"commit-report","table-name":"ns.t","snapshot-id":1,"sequence-number":1,"operation":"append","metrics":{"attempts":{"unit":"count","value":1}},"metadata":{"engine":"test"}}""";

    [Fact]
    [Trait("Behaviour", "251")]
    public async Task Reports_are_taken_and_kept()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await ReportAsync(Scan)).NoContent();
        (await ReportAsync(Commit)).NoContent();
        (await ReportAsync("""{"report-type":"unheard-of"}""")).NoContent();

        var kept = await KeptAsync();
        Assert.Equal(3, kept.Length);
        Assert.Equal("unheard-of", kept[0]);
        Assert.Equal("scan-report", kept[2]);
    }

    [Fact]
    [Trait("Behaviour", "251")]
    public async Task A_report_on_a_table_that_is_not_there_yet_is_taken_and_not_kept()
    {
        (await ReportAsync(Commit)).NoContent();
        (await Catalog.PostAsync("/namespaces/missing/tables/t/metrics", Commit)).NoContent();
        (await ReportAsync("{}")).Error(400, "BadRequestException");

        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        Assert.Empty(await KeptAsync());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"report-type":5}""")]
    [InlineData("nothing")]
    [Trait("Behaviour", "251")]
    public async Task What_is_no_report_is_400(string body)
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();

        (await ReportAsync(body)).Error(400, "BadRequestException");
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxReportsPerTable))]
    [Trait("Limit", nameof(Limits.MaxReportBytes))]
    public async Task Only_the_newest_reports_are_kept_and_no_large_one()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        for (var i = 0; i < Limits.MaxReportsPerTable + 3; i++)
        {
            (await ReportAsync($$"""{"report-type":"r{{i}}"}""")).NoContent();
        }

        (await ReportAsync($$$"""{"report-type":"large","metadata":{"x":"{{{new string('x', Limits.MaxReportBytes)}}}"}}""")).NoContent();

        var kept = await KeptAsync();
        Assert.Equal(Limits.MaxReportsPerTable, kept.Length);
        Assert.Equal($"r{Limits.MaxReportsPerTable + 2}", kept[0]);
    }

    [Fact]
    public async Task A_report_that_cannot_be_kept_fails_nobody()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        Seam.FailBefore(call => call.Kind == CallKind.Write, () => new Storage.StoreThrottledException("slow"), times: 100);

        (await ReportAsync(Scan)).NoContent();
    }

    private Task<Reply> ReportAsync(string body) => Catalog.PostAsync("/namespaces/ns/tables/t/metrics", body);

    private async Task<string[]> KeptAsync()
    {
        var call = new CallContext(await Server.Operations.Catalogs.GetAsync(Catalog.Name, CancellationToken.None));
        var reports = await Server.Operations.Reports.ListAsync(call, new TableIdentifier(new Namespace("ns"), "t"), CancellationToken.None);
        using var document = System.Text.Json.JsonDocument.Parse(Encoding.UTF8.GetString(reports.Span));
        return [.. document.RootElement.EnumerateArray().Select(item => item.GetProperty("report").GetProperty("report-type").GetString()!)];
    }
}

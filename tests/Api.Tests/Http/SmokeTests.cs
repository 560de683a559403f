using System.Net;
using Workflows.Api.Tests.Host;
using Workflows.Engine.Schedules;

namespace Workflows.Api.Tests.Http;

public sealed class SmokeTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_workflow_is_created_published_and_started()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        var started = (await owner.PostAsync($"workflows/{workflowId}/execute", new { input = new { a = 1 } })).Ok(HttpStatusCode.Accepted);

        var shown = (await owner.GetAsync($"executions/{started.Id}")).Ok();
        Assert.Equal("queued", shown.Data.GetProperty("status").GetString());
        Assert.Equal(1, shown.Data.GetProperty("input").GetProperty("a").GetInt32());
        Assert.Equal($"/api/v1/executions/{started.Id}", started.Headers.Location!.ToString());
        var listed = (await owner.GetAsync("executions?status=queued")).Ok();
        Assert.Contains(listed.Data.EnumerateArray(), item => item.GetProperty("id").GetGuid() == started.Id);
    }

    [Fact]
    public async Task The_owner_logs_in_with_the_password_of_the_first_start()
    {
        using var anybody = api.Host.Client();
        var login = (await anybody.PostAsync("auth/login", new { email = api.Host.First.OwnerEmail, password = api.Host.First.OwnerPassword })).Ok();
        using var owner = api.Host.Client(login.Data.GetProperty("accessToken").GetString());

        var me = (await owner.GetAsync("auth/me")).Ok();

        Assert.Equal("user", me.Data.GetProperty("type").GetString());
        Assert.Contains("tenant.manage", me.Data.GetProperty("permissions").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task Documents_and_pages_are_served()
    {
        using var anybody = api.Host.Client();
        Assert.Equal(HttpStatusCode.OK, (await anybody.GetAsync("/openapi/v1.json")).Status);
        Assert.Equal(HttpStatusCode.OK, (await anybody.GetAsync("/")).Status);
        Assert.Equal(HttpStatusCode.OK, (await anybody.GetAsync("/reference")).Status);
        Assert.Equal(HttpStatusCode.OK, (await anybody.GetAsync("/alive")).Status);
        var health = await anybody.GetAsync("/health");
        Assert.True(health.Status == HttpStatusCode.OK, health.Text);
        Assert.Contains($"IANA database {TimeZones.Version}", health.Text, StringComparison.Ordinal);
    }
}

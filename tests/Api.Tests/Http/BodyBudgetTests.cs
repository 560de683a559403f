using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

/// <summary>How much of what callers send is held in memory.</summary>
public sealed class BodyBudgetTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const int Connections = 200;

    [Fact]
    public void No_more_is_held_than_the_pool_has_and_what_is_released_is_there_again()
    {
        var budget = new BodyBudget(known: 100, anonymous: 10);
        var (first, second) = (budget.Open(new DefaultHttpContext()), budget.Open(new DefaultHttpContext()));

        Assert.True(first.TryGrow(4));
        Assert.True(first.TryGrow(6));
        Assert.False(second.TryGrow(5));
        Assert.True(second.TryGrow(4));
        first.Release();
        first.Release();
        Assert.True(second.TryGrow(10));
        Assert.False(first.TryGrow(1));
    }

    [Fact]
    public void Unknown_callers_take_nothing_from_known_ones()
    {
        var budget = new BodyBudget(known: 10, anonymous: 10);
        var known = new DefaultHttpContext();
        known.Features.Set(new Caller(Guid.CreateVersion7(), Guid.CreateVersion7(), "somebody", Permission.None, null));

        Assert.True(budget.Open(new DefaultHttpContext()).TryGrow(10));
        Assert.True(budget.Open(known).TryGrow(10));
    }

    [Theory]
    [InlineData("auth/login", Limits.LoginBodyBytes)]
    [InlineData("auth/refresh", Limits.LoginBodyBytes)]
    [InlineData("webhooks/default/nobody/listens", Limits.WebhookBodyBytes)]
    public async Task An_open_route_reads_no_more_than_it_needs(string route, int limit)
    {
        if (route.StartsWith("webhooks", StringComparison.Ordinal))
        {
            using var owner = api.Host.Owner();
            await owner.CreatePublishedAsync(new
            {
                schema = 1,
                triggers = new[] { new { id = "hook", type = "webhook", path = "nobody/listens", auth = "none" } },
                nodes = new[] { new { id = "only", type = "noop" } },
                edges = Array.Empty<object>(),
            });
        }

        using var nobody = api.Host.Client();
        var text = $$"""{"email":"{{new string('a', limit)}}","password":"x"}""";
        (await nobody.PostAsync(route, text)).Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
        using var chunked = new ChunkedContent(text);
        (await nobody.SendAsync(HttpMethod.Post, route, chunked))
            .Fails(HttpStatusCode.RequestEntityTooLarge, "PAYLOAD_TOO_LARGE");
    }

    [Fact]
    public async Task Slow_logins_hold_nothing_and_are_cut_off()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var sockets = new List<Socket>();
        try
        {
            for (var index = 0; index < Connections; index++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, api.Host.BaseAddress.Port,
                    TestContext.Current.CancellationToken);
                await socket.SendAsync(
                    Encoding.ASCII.GetBytes(
                        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n1000\r\n"),
                    TestContext.Current.CancellationToken);
            }

            var held = GC.GetTotalMemory(forceFullCollection: true) - before;
            Assert.True(held < Connections * 256L * 1024, $"{held} bytes for {Connections} connections");
            var begun = Stopwatch.GetTimestamp();
            var answer = new byte[4096];
            var read = await sockets[0].ReceiveAsync(answer, TestContext.Current.CancellationToken);
            Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(20));
            Assert.DoesNotContain(" 200 ", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
            using var owner = api.Host.Owner();
            (await owner.GetAsync("workspaces")).Ok();
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private sealed class ChunkedContent : StringContent
    {
        public ChunkedContent(string text)
            : base(text, Encoding.UTF8, "application/json") => Headers.ContentLength = null;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

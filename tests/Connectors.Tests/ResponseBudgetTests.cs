using Workflows.Connectors.Network;

namespace Workflows.Connectors.Tests;

public sealed class ResponseBudgetTests
{
    private static readonly Guid A = Guid.CreateVersion7();
    private static readonly Guid B = Guid.CreateVersion7();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_more_is_held_than_the_total_and_who_waits_gets_what_is_given_back()
    {
        var budget = new ResponseBudget(totalBytes: 100, tenantBytes: 100);
        var first = await budget.TakeAsync(A, 60, Token);
        var second = budget.TakeAsync(B, 60, Token).AsTask();

        Assert.False(second.IsCompleted);
        Assert.Equal(60, budget.Held);
        first.Dispose();
        (await second).Dispose();
        Assert.Equal(0, budget.Held);
    }

    [Fact]
    public async Task A_tenant_that_has_used_up_its_share_lets_others_pass()
    {
        var budget = new ResponseBudget(totalBytes: 100, tenantBytes: 50);
        using var first = await budget.TakeAsync(A, 50, Token);
        var second = budget.TakeAsync(A, 10, Token).AsTask();

        using var other = await budget.TakeAsync(B, 50, Token);

        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second).Dispose();
    }

    [Fact]
    public async Task What_is_large_is_not_overtaken_for_ever_by_what_is_small()
    {
        var budget = new ResponseBudget(totalBytes: 100, tenantBytes: 100);
        var first = await budget.TakeAsync(A, 50, Token);
        var large = budget.TakeAsync(B, 80, Token).AsTask();
        var small = budget.TakeAsync(Guid.CreateVersion7(), 10, Token).AsTask();
        Assert.False(small.IsCompleted);

        first.Dispose();

        (await large).Dispose();
        (await small).Dispose();
        Assert.Equal(0, budget.Held);
    }

    [Fact]
    public async Task Who_gives_up_waiting_holds_nothing_and_what_is_given_back_twice_counts_once()
    {
        var budget = new ResponseBudget(totalBytes: 100, tenantBytes: 100);
        var first = await budget.TakeAsync(A, 100, Token);
        using var abort = new CancellationTokenSource();
        var second = budget.TakeAsync(B, 100, abort.Token).AsTask();

        await abort.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Dispose();
        first.Dispose();
        Assert.Equal(0, budget.Held);
        (await budget.TakeAsync(B, 100, Token)).Dispose();
    }

    [Fact]
    public async Task What_could_never_be_had_is_refused() => await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
        async () => await new ResponseBudget(100, 50).TakeAsync(A, 51, Token));
}

using System.Text;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <summary>Cases that a card is tested with.</summary>
internal static class TestSetEndpoints
{
    public static void MapTestSets(this IEndpointRouteBuilder cards)
    {
        var sets = cards.MapGroup("/{cardId:guid}/test-sets");
        sets.MapGet("", ListAsync).Requires(Permission.PromptsRead).WithSummary("List the test sets of a prompt card");
        sets.MapPost("", CreateAsync).Requires(Permission.PromptsWrite).WithMetadata(new SuccessStatus(201))
            .WithSummary("Create a test set");
        sets.MapGet("/{setId:guid}", GetAsync).Requires(Permission.PromptsRead).WithSummary("Get a test set");
        sets.MapPatch("/{setId:guid}", UpdateAsync).Requires(Permission.PromptsWrite)
            .WithSummary("Change a test set; runs keep the cases that they began with");
        sets.MapDelete("/{setId:guid}", DeleteAsync).Requires(Permission.PromptsWrite)
            .WithSummary("Delete a test set; its runs stay");
    }

    public static Task<PromptTestSet?> FindSetAsync(
        this ApiRequest request, Guid cardId, Guid setId, CancellationToken token) =>
        request.Db.PromptTestSets.SingleOrDefaultAsync(row => row.CardId == cardId && row.Id == setId, token);

    private static async Task<ApiResponse<List<TestSetView>>> ListAsync(
        Guid cardId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"prompt-cards/{cardId}/test-sets");
        if (await request.FindCardAsync(cardId, cancellationToken) is null)
        {
            return new Problem(Errors.PromptCardNotFound);
        }

        var sets = request.Db.PromptTestSets.AsNoTracking().Where(row => row.CardId == cardId);
        var total = await sets.CountAsync(query, cancellationToken);
        var rows = await sets.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<TestSetView>>.Page(
            rows.ConvertAll(View), pagination, FieldSelection.Read<TestSetView>(query));
    }

    private static async Task<ApiResponse<TestSetView>> GetAsync(
        Guid cardId, Guid setId, ApiRequest request, CancellationToken token) =>
        await request.FindCardAsync(cardId, token) is null ? new Problem(Errors.PromptCardNotFound)
            : await request.FindSetAsync(cardId, setId, token) is { } set
                ? ApiResponse<TestSetView>.Ok(View(set), set.Version)
                : new Problem(Errors.TestSetNotFound);

    private static async Task<ApiResponse<TestSetView>> CreateAsync(
        Guid cardId, Body<CreateTestSetRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(wanted.Name, wanted.Description, wanted.Cases) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<TestSetView>(async token =>
        {
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if (refusal is not null)
            {
                return refusal;
            }

            if (await request.Db.PromptTestSets.CountAsync(row => row.CardId == cardId, token)
                >= Limits.TestSetsPerCard)
            {
                return new Problem(Errors.LimitReached, $"A card has at most {Limits.TestSetsPerCard} test sets.");
            }

            var set = new PromptTestSet
            {
                TenantId = request.Caller.TenantId,
                Id = request.NewId(),
                CardId = cardId,
                Name = wanted.Name,
                Description = wanted.Description,
                Cases = CardParts.Json(wanted.Cases),
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.PromptTestSets.Add(set);
            request.Record(
                "prompt_card.test_set.create", "prompt_card", cardId, card!.Title,
                after: new { set.Name, Cases = wanted.Cases.Length });
            return ApiResponse<TestSetView>.Created(
                View(set), $"/api/v1/prompt-cards/{cardId}/test-sets/{set.Id}", set.Version);
        });
    }

    private static async Task<ApiResponse<TestSetView>> UpdateAsync(
        Guid cardId, Guid setId, Body<UpdateTestSetRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(wanted.Name, wanted.Description, wanted.Cases) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<TestSetView>(async token =>
        {
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if (refusal is not null)
            {
                return refusal;
            }

            if (await request.FindSetAsync(cardId, setId, token) is not { } set)
            {
                return new Problem(Errors.TestSetNotFound);
            }

            if (request.CheckMatch(set) is { } conflict)
            {
                return conflict;
            }

            set.Name = wanted.Name ?? set.Name;
            set.Description = wanted.Description ?? set.Description;
            set.Cases = wanted.Cases is { } cases ? CardParts.Json(cases) : set.Cases;
            set.Touch(request.Now);
            request.Record(
                "prompt_card.test_set.update", "prompt_card", cardId, card!.Title, after: new { set.Name });
            return ApiResponse<TestSetView>.Ok(View(set), set.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid cardId, Guid setId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if (refusal is not null)
            {
                return refusal;
            }

            if (await request.FindSetAsync(cardId, setId, token) is not { } set)
            {
                return new Problem(Errors.TestSetNotFound);
            }

            if (request.CheckMatch(set) is { } conflict)
            {
                return conflict;
            }

            request.Db.PromptTestSets.Remove(set);
            request.Record(
                "prompt_card.test_set.delete", "prompt_card", cardId, card!.Title, before: new { set.Name });
            return new Done(setId, "deleted");
        });

    public static Problem? Check(string? name, string? description, TestCase[]? cases)
    {
        var checks = new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength);
        if (cases is null)
        {
            return checks.Problem;
        }

        foreach (var problem in PromptAssertions.Check(cases))
        {
            checks.Add(problem.Pointer.TrimStart('/'), problem.Code, problem.Message);
        }

        return checks.Problem ?? (Encoding.UTF8.GetByteCount(CardParts.Json(cases)) > Limits.TestCasesBytes
            ? Problem.Invalid("/cases", $"The cases have at most {Limits.TestCasesBytes} bytes.", "TOO_LARGE")
            : null);
    }

    private static TestSetView View(PromptTestSet row) => new(
        row.Id, row.CardId, row.Name, row.Description, TestCase.ReadAll(row.Cases), row.Version, row.CreatedAt,
        row.UpdatedAt);
}

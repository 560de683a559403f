using Workflows.Api.Http;
using Workflows.Api.Http.Grounding;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Knowledge;

/// <summary>Passages of articles that are like something, and answers that rest on them.</summary>
internal static class PassageEndpoints
{
    public static void MapPassages(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/knowledge").WithTags("Knowledge");
        group.MapPost("/similar", FindSimilarAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("Find passages of articles that are like a text, or like another article")
            .WithDescription("Either text or articleId. The best passages first, each with where it stands.");
        group.MapPost("/answers", AnswerAsync).Requires(Permission.KnowledgeRead)
            .WithSummary("Answer a question out of articles, each sentence with its sources")
            .WithDescription(
                "Where no model answers, the passages are all there is, and 'notice' says so. A sentence that names no "
                + "passage is marked; one that names a passage that there is not is marked, and the name taken out.");
    }

    private static async Task<ApiResponse<PassagesView>> FindSimilarAsync(
        Body<SimilarPassagesRequest> body, ApiRequest request, Passages passages, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (wanted.Text is null == wanted.ArticleId is null)
        {
            return Problem.Invalid(
                "/text", "Either 'text' or 'articleId' says what passages should be like.", "ONE_OF");
        }

        if (Passages.Check("text", wanted.Text, wanted.Limit, wanted.Threshold, wanted.Category, wanted.Tags)
            is { } problem)
        {
            return problem;
        }

        var (found, failure) = await passages.FindAsync(wanted, request.Caller, cancellationToken);
        return found is null ? failure! : found;
    }

    private static async Task<ApiResponse<AnswerView>> AnswerAsync(
        Body<AnswerRequest> body, ApiRequest request, Passages passages, GroundedAnswer answers,
        CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (Passages.Check("question", wanted.Question, wanted.Limit, null, wanted.Category, wanted.Tags)
            is { } problem)
        {
            return problem;
        }

        var (found, failure) = await passages.FindAsync(
            new SimilarPassagesRequest(
                wanted.Question, Limit: wanted.Limit, Category: wanted.Category, Tags: wanted.Tags,
                WorkspaceId: wanted.WorkspaceId),
            request.Caller, cancellationToken);
        return found is null
            ? failure!
            : await answers.AnswerAsync(request.Caller, wanted, found, cancellationToken);
    }
}

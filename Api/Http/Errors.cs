using System.Reflection;

namespace Workflows.Api.Http;

/// <summary>One way in which a request can fail. A code is never renamed or reused: clients branch on it.</summary>
/// <param name="Code">What a client compares.</param>
/// <param name="Status">HTTP status it comes with.</param>
/// <param name="Meaning">What it says in general; a response says more.</param>
internal sealed record ErrorCode(string Code, int Status, string Meaning);

/// <summary>The closed list of error codes. docs/errors.md holds the same list; a test compares the two.</summary>
internal static class Errors
{
    // The request as such
    public static readonly ErrorCode InvalidJson = new("INVALID_JSON", 400, "The body is not JSON that can be stored: malformed, nested too deeply, not UTF-8, a member twice, or U+0000 in a string.");
    public static readonly ErrorCode InvalidYaml = new(
        "INVALID_YAML", 400,
        "The body is not YAML that says the same as JSON: malformed, a member twice, or with anchors, aliases or tags; "
            + "the message names line and column.");
    public static readonly ErrorCode UnknownField = new("UNKNOWN_FIELD", 400, "The body has a field that this request does not know.");
    public static readonly ErrorCode UnknownParameter = new("UNKNOWN_PARAMETER", 400, "The address has a query parameter that this request does not know, or the same one twice.");
    public static readonly ErrorCode InvalidParameter = new("INVALID_PARAMETER", 400, "A query parameter or header has a value that cannot be used.");
    public static readonly ErrorCode InvalidCursor = new("INVALID_CURSOR", 400, "The cursor was not issued for this list, or was changed.");
    public static readonly ErrorCode ValidationFailed = new("VALIDATION_FAILED", 400, "Fields are missing or have unusable values; `details` lists each.");
    public static readonly ErrorCode BadRequest = new("BAD_REQUEST", 400, "The request breaks the rules of HTTP.");
    public static readonly ErrorCode PayloadTooLarge = new("PAYLOAD_TOO_LARGE", 413, "The body is larger than allowed.");
    public static readonly ErrorCode UnsupportedMediaType = new("UNSUPPORTED_MEDIA_TYPE", 415, "The body must be JSON in UTF-8, not encoded.");
    public static readonly ErrorCode HeadersTooLarge = new("HEADERS_TOO_LARGE", 431, "The headers are larger than allowed.");
    public static readonly ErrorCode RouteNotFound = new("ROUTE_NOT_FOUND", 404, "There is nothing at this address.");
    public static readonly ErrorCode MethodNotAllowed = new("METHOD_NOT_ALLOWED", 405, "The address does not know this method.");
    public static readonly ErrorCode NotAcceptable = new("NOT_ACCEPTABLE", 406, "There is no answer in a form that `Accept` allows.");

    // Who asks
    public static readonly ErrorCode Unauthenticated = new("UNAUTHENTICATED", 401, "There are no credentials, or they are not valid (any more).");
    public static readonly ErrorCode InvalidCredentials = new("INVALID_CREDENTIALS", 401, "E-mail address or password is wrong, or the account is locked for a while.");
    public static readonly ErrorCode SecondFactorRequired = new("SECOND_FACTOR_REQUIRED", 401,
        "The password is right, and the account has a second factor: send its code with the challenge in `details`.");
    public static readonly ErrorCode TokenExpired = new("TOKEN_EXPIRED", 401, "The access token or API key has expired.");
    public static readonly ErrorCode SessionRevoked = new("SESSION_REVOKED", 401, "The session has ended. A refresh token that is used twice ends it, too.");
    public static readonly ErrorCode LinkInvalid = new("LINK_INVALID", 400,
        "The token is none of ours, or is for something else.");
    public static readonly ErrorCode LinkGone = new("LINK_GONE", 410,
        "The link was used, another one took its place, or its time is over.");
    public static readonly ErrorCode LoginExpired = new("LOGIN_EXPIRED", 400,
        "The login at the identity provider was not begun in this browser, is complete, or took too long: "
            + "begin again.");
    public static readonly ErrorCode LoginRefused = new("LOGIN_REFUSED", 401,
        "The identity provider did not confirm the person, or what it confirmed opens no account here.");
    public static readonly ErrorCode RegistrationClosed = new("REGISTRATION_CLOSED", 403,
        "Nobody registers a company here; the platform's operators make tenants.");
    public static readonly ErrorCode Forbidden = new("FORBIDDEN", 403, "The caller lacks the permission that `details` names.");
    public static readonly ErrorCode RateLimited = new("RATE_LIMITED", 429, "Too many requests; `Retry-After` says when to go on.");
    public static readonly ErrorCode Overloaded = new("OVERLOADED", 429, "More is accepted only when what waits has been stored.");

    // Preconditions
    public static readonly ErrorCode PreconditionRequired = new("PRECONDITION_REQUIRED", 428, "A change needs `If-Match` with the ETag of what it changes.");
    public static readonly ErrorCode VersionConflict = new("VERSION_CONFLICT", 412, "Somebody changed it in between: load it again.");
    public static readonly ErrorCode IdempotencyKeyReused = new("IDEMPOTENCY_KEY_REUSED", 422, "The idempotency key was used for another request.");
    public static readonly ErrorCode NameTaken = new("NAME_TAKEN", 409, "Another one beside it bears this name.");
    public static readonly ErrorCode Conflict = new("CONFLICT", 409, "The request contradicts the present state.");

    // Things that are not there, or not for the caller
    public static readonly ErrorCode WorkspaceNotFound = new("WORKSPACE_NOT_FOUND", 404, "No such workspace.");
    public static readonly ErrorCode FolderNotFound = new("FOLDER_NOT_FOUND", 404, "No such folder.");
    public static readonly ErrorCode JobNotFound = new("JOB_NOT_FOUND", 404, "No such job.");
    public static readonly ErrorCode WorkflowNotFound = new("WORKFLOW_NOT_FOUND", 404, "No such workflow.");
    public static readonly ErrorCode WorkflowVersionNotFound = new("WORKFLOW_VERSION_NOT_FOUND", 404, "The workflow has no such version.");
    public static readonly ErrorCode WorkingCopyNotFound = new(
        "WORKING_COPY_NOT_FOUND", 404, "The caller has no working copy of the workflow.");
    public static readonly ErrorCode NodeNotFound = new("NODE_NOT_FOUND", 404, "The definition has no such node.");
    public static readonly ErrorCode ExecutionNotFound = new("EXECUTION_NOT_FOUND", 404, "No such execution.");
    public static readonly ErrorCode StepNotFound = new("STEP_NOT_FOUND", 404, "The execution has no such step.");
    public static readonly ErrorCode ValueNotFound = new("VALUE_NOT_FOUND", 404, "There is no value at this place.");
    public static readonly ErrorCode DeadLetterNotFound = new("DEAD_LETTER_NOT_FOUND", 404, "No such dead letter.");
    public static readonly ErrorCode EventNotFound = new("EVENT_NOT_FOUND", 404, "No such event.");
    public static readonly ErrorCode RuleNotFound = new("RULE_NOT_FOUND", 404, "No such rule.");
    public static readonly ErrorCode WebhookNotFound = new("WEBHOOK_NOT_FOUND", 404, "No published workflow listens at this address.");
    public static readonly ErrorCode UserNotFound = new("USER_NOT_FOUND", 404, "No such user.");
    public static readonly ErrorCode ApiKeyNotFound = new("API_KEY_NOT_FOUND", 404, "No such API key.");
    public static readonly ErrorCode SessionNotFound = new("SESSION_NOT_FOUND", 404, "No such session.");
    public static readonly ErrorCode ScheduleNotFound = new("SCHEDULE_NOT_FOUND", 404, "No such schedule.");
    public static readonly ErrorCode CalendarNotFound = new("CALENDAR_NOT_FOUND", 404, "No such calendar.");
    public static readonly ErrorCode CalendarDayNotFound = new("CALENDAR_DAY_NOT_FOUND", 404, "The calendar has no such day.");
    public static readonly ErrorCode JobRunNotFound = new("JOB_RUN_NOT_FOUND", 404, "No such run of a job.");
    public static readonly ErrorCode JobPackageNotFound = new("JOB_PACKAGE_NOT_FOUND", 404, "No such package of jobs.");
    public static readonly ErrorCode SecretNotFound = new("SECRET_NOT_FOUND", 404, "No such secret.");
    public static readonly ErrorCode VariableNotFound = new("VARIABLE_NOT_FOUND", 404, "No such variable.");
    public static readonly ErrorCode ConnectorNotFound = new("CONNECTOR_NOT_FOUND", 404, "No such connector.");
    public static readonly ErrorCode ConnectorSecretsNeeded = new("CONNECTOR_SECRETS_NEEDED", 400,
        "The change sends the connector's secrets elsewhere: give all of them anew; `details` lists each.");
    public static readonly ErrorCode ModelNotFound = new("MODEL_NOT_FOUND", 404, "No such language model.");
    public static readonly ErrorCode PromptCardNotFound = new("PROMPT_CARD_NOT_FOUND", 404, "No such prompt card.");
    public static readonly ErrorCode PromptVersionNotFound = new(
        "PROMPT_VERSION_NOT_FOUND", 404, "The prompt card has no such version.");
    public static readonly ErrorCode PromptVariablesInvalid = new(
        "PROMPT_VARIABLES_INVALID", 422, "The variables are not what the prompt card asks for; `details` lists each.");
    public static readonly ErrorCode TestSetNotFound = new("TEST_SET_NOT_FOUND", 404, "No such test set of the card.");
    public static readonly ErrorCode TestRunNotFound = new("TEST_RUN_NOT_FOUND", 404, "No such run of a test set.");
    public static readonly ErrorCode TestRunState = new(
        "TEST_RUN_STATE", 409, "The run of the test set has ended.");
    public static readonly ErrorCode ContextEntryNotFound = new("CONTEXT_ENTRY_NOT_FOUND", 404, "No such context entry.");
    public static readonly ErrorCode NodeDefinitionNotFound = new("NODE_DEFINITION_NOT_FOUND", 404, "No such node definition.");
    public static readonly ErrorCode ApprovalNotFound = new("APPROVAL_NOT_FOUND", 404, "No such approval request.");
    public static readonly ErrorCode PermissionNotFound = new(
        "PERMISSION_NOT_FOUND", 404, "Nothing of this id was granted on the object.");
    public static readonly ErrorCode GroupNotFound = new("GROUP_NOT_FOUND", 404, "No such group.");
    public static readonly ErrorCode RoleNotFound = new("ROLE_NOT_FOUND", 404, "No such role.");
    public static readonly ErrorCode IdentityProviderNotFound = new(
        "IDENTITY_PROVIDER_NOT_FOUND", 404, "No such identity provider, or none that people log in by at the moment.");
    public static readonly ErrorCode ServiceAccountNotFound = new(
        "SERVICE_ACCOUNT_NOT_FOUND", 404, "No such service account.");
    public static readonly ErrorCode InvitationNotFound = new("INVITATION_NOT_FOUND", 404, "No such invitation.");
    public static readonly ErrorCode SubstitutionNotFound = new("SUBSTITUTION_NOT_FOUND", 404, "No such substitution.");
    public static readonly ErrorCode NotificationNotFound = new("NOTIFICATION_NOT_FOUND", 404, "No such notification.");
    public static readonly ErrorCode SubscriptionNotFound = new("SUBSCRIPTION_NOT_FOUND", 404, "No such subscription.");
    public static readonly ErrorCode ArticleNotFound = new("ARTICLE_NOT_FOUND", 404, "No such article.");
    public static readonly ErrorCode ArticleVersionNotFound = new(
        "ARTICLE_VERSION_NOT_FOUND", 404, "The article has no such version, or it is no longer kept.");
    public static readonly ErrorCode ArticleFileNotFound = new(
        "ARTICLE_FILE_NOT_FOUND", 404, "The article was written, and has no file.");
    public static readonly ErrorCode FileFormatUnknown = new(
        "FILE_FORMAT_UNKNOWN", 415,
        "The file's content is none of the formats that are read: PDF, DOCX, HTML, Markdown, CSV, text in UTF-8.");
    public static readonly ErrorCode EmbeddingNotFound = new(
        "EMBEDDING_NOT_FOUND", 404, "Nobody stored such a vector.");
    public static readonly ErrorCode DimensionMismatch = new(
        "DIMENSION_MISMATCH", 409, "The vectors of this content type have another dimension: the first one fixed it.");
    public static readonly ErrorCode ViewNotFound = new("VIEW_NOT_FOUND", 404, "No such view.");
    public static readonly ErrorCode TemplateNotFound = new("TEMPLATE_NOT_FOUND", 404, "No such template.");
    public static readonly ErrorCode CallbackNotFound = new("CALLBACK_NOT_FOUND", 404, "The address is none that a workflow waits at.");

    public static readonly ErrorCode TenantNotFound = new("TENANT_NOT_FOUND", 404, "No such tenant.");
    public static readonly ErrorCode OperatorAccessNotFound = new(
        "OPERATOR_ACCESS_NOT_FOUND", 404, "No such access of operators.");
    public static readonly ErrorCode InvoiceNotFound = new("INVOICE_NOT_FOUND", 404, "No such invoice.");
    public static readonly ErrorCode TermsNotFound = new("TERMS_NOT_FOUND", 404, "No such version of terms.");
    public static readonly ErrorCode TicketNotFound = new("TICKET_NOT_FOUND", 404, "No such ticket.");
    public static readonly ErrorCode TicketLabelNotFound = new("TICKET_LABEL_NOT_FOUND", 404, "No such label.");
    public static readonly ErrorCode AnnouncementNotFound = new(
        "ANNOUNCEMENT_NOT_FOUND", 404, "No such announcement.");
    public static readonly ErrorCode BudgetNotFound = new("BUDGET_NOT_FOUND", 404, "No such budget.");
    public static readonly ErrorCode TrashItemNotFound = new(
        "TRASH_ITEM_NOT_FOUND", 404, "Nothing of this kind and id is deleted.");
    public static readonly ErrorCode NothingIndexed = new(
        "NOTHING_INDEXED", 404, "There is no such thing, or the search service has not indexed it yet.");
    public static readonly ErrorCode TransactionNotFound = new("TRANSACTION_NOT_FOUND", 404, "No such transaction.");

    // Language models
    public static readonly ErrorCode ConversationNotFound = new(
        "CONVERSATION_NOT_FOUND", 404, "No such conversation of the caller's.");
    public static readonly ErrorCode ConversationBusy = new(
        "CONVERSATION_BUSY", 409, "The conversation is being answered; stop that first, or wait.");
    public static readonly ErrorCode ModelUnknown = new(
        "MODEL_UNKNOWN", 422, "There is no such language model, or it is of the other kind.");
    public static readonly ErrorCode ModelDisabled = new(
        "MODEL_DISABLED", 409, "The language model, or its connector, is disabled.");
    public static readonly ErrorCode ModelBudget = new(
        "MODEL_BUDGET", 409, "The call could go beyond a budget that stops.");
    public static readonly ErrorCode ModelRateLimited = new(
        "MODEL_RATE_LIMITED", 429, "The language model is asked as often as it may be.");
    public static readonly ErrorCode ModelUnavailable = new(
        "MODEL_UNAVAILABLE", 502, "The provider of the language model cannot be reached, or failed.");
    public static readonly ErrorCode ModelTimeout = new(
        "MODEL_TIMEOUT", 504, "The language model did not answer in time.");
    public static readonly ErrorCode ModelUnauthorized = new(
        "MODEL_UNAUTHORIZED", 502, "The provider of the language model does not accept the connector's key.");
    public static readonly ErrorCode ModelRefused = new(
        "MODEL_REFUSED", 422, "The provider of the language model refused the request; the message has its words.");
    public static readonly ErrorCode ModelTargetRefused = new(
        "MODEL_TARGET_REFUSED", 422, "The address of the language model's provider must not be called from here.");
    public static readonly ErrorCode ModelAnswer = new(
        "MODEL_ANSWER", 502, "What the provider answered is no whole answer.");
    public static readonly ErrorCode ModelOutputInvalid = new(
        "MODEL_OUTPUT_INVALID", 502, "The language model's answer does not fit the schema, also asked for again.");
    public static readonly ErrorCode ModelTooLarge = new(
        "MODEL_TOO_LARGE", 413, "What the language model is asked, or what it answers, is larger than the limits.");

    // Workflows and executions
    public static readonly ErrorCode DefinitionInvalid = new("DEFINITION_INVALID", 422, "The definition cannot run; `details` lists every problem.");
    public static readonly ErrorCode InputInvalid = new("INPUT_INVALID", 422, "The input does not match the parameters of the workflow.");
    public static readonly ErrorCode WorkflowNotPublished = new("WORKFLOW_NOT_PUBLISHED", 409, "The workflow has no published version to start.");
    public static readonly ErrorCode WorkflowDisabled = new("WORKFLOW_DISABLED", 409, "The workflow is switched off.");
    public static readonly ErrorCode WorkflowBusy = new("WORKFLOW_BUSY", 409, "Executions of the workflow have not finished.");
    public static readonly ErrorCode NotEmpty = new("NOT_EMPTY", 409, "It still holds what `details` lists.");
    public static readonly ErrorCode ParentDeleted = new(
        "PARENT_DELETED", 409, "What held it is deleted: restore that first, or give another `parentId`.");
    public static readonly ErrorCode DependenciesInTheWay = new(
        "DEPENDENCIES_IN_THE_WAY", 409,
        "In runs of its job the workflow waits for those that `details` lists, or they for it; "
            + "`force=true` ends that.");
    public static readonly ErrorCode CheckedOut = new(
        "CHECKED_OUT", 409, "Somebody else has checked the workflow out; the message says who, and until when.");
    public static readonly ErrorCode NotCheckedOut = new(
        "NOT_CHECKED_OUT", 409, "The caller has not checked the workflow out, or not any more.");
    public static readonly ErrorCode TransactionEnded = new(
        "TRANSACTION_ENDED", 409,
        "The transaction was committed, rolled back, or its time is over; the message says which.");
    public static readonly ErrorCode TransactionConflict = new(
        "TRANSACTION_CONFLICT", 409,
        "The transaction cannot be made as it was prepared: `details` names every conflict. Nothing was changed.");
    public static readonly ErrorCode ExecutionNotAllowed = new("EXECUTION_STATE", 409, "The execution is in a state that does not allow this.");
    public static readonly ErrorCode ExecutionSkipped = new("EXECUTION_SKIPPED", 409, "As many executions run as the workflow's `concurrency` allows, and its overlap policy is to skip: nothing was started.");
    public static readonly ErrorCode DeadLetterSettled = new("DEAD_LETTER_SETTLED", 409, "The dead letter was redriven or discarded before.");
    public static readonly ErrorCode InvalidEvent = new("INVALID_EVENT", 400, "The event breaks CloudEvents 1.0; `details` says how.");
    public static readonly ErrorCode EventNotSetAside = new("EVENT_NOT_SET_ASIDE", 409, "The event was routed, or is on its way to be.");
    public static readonly ErrorCode WebhookPathTaken = new("WEBHOOK_PATH_TAKEN", 409, "Another published workflow listens at this webhook address.");
    public static readonly ErrorCode WebhookSignature = new("WEBHOOK_SIGNATURE", 401, "The signature or token of the webhook call is missing, wrong, or too old.");
    public static readonly ErrorCode WebhookReplayed = new("WEBHOOK_REPLAYED", 409, "This delivery was accepted before; it has no further effect.");
    public static readonly ErrorCode LastOwner = new("LAST_OWNER", 409, "A tenant keeps at least one active owner.");
    public static readonly ErrorCode ScheduleOfTrigger = new("SCHEDULE_OF_TRIGGER", 409, "The schedule belongs to a trigger of its workflow: publish another version, or switch it off.");
    public static readonly ErrorCode InUse = new("IN_USE", 409, "What `details` lists uses it.");
    public static readonly ErrorCode JobNotRunnable = new("JOB_NOT_RUNNABLE", 409, "The job or package has nothing to run, or `details` lists workflows that cannot be started.");
    public static readonly ErrorCode JobRunState = new("JOB_RUN_STATE", 409, "The run is in a state that does not allow this.");
    public static readonly ErrorCode DependencyCycle = new("DEPENDENCY_CYCLE", 422, "Workflows would wait for each other in a circle.");
    public static readonly ErrorCode LimitReached = new("LIMIT_REACHED", 409, "There are as many of these as allowed.");

    // People and callers
    public static readonly ErrorCode ApprovalNotYours = new("APPROVAL_NOT_YOURS", 403, "The decision is asked of others, or the caller started the execution and may not decide on it.");
    public static readonly ErrorCode ApprovalClosed = new("APPROVAL_CLOSED", 409, "The approval request is settled, expired or cancelled; `details` names which.");
    public static readonly ErrorCode AlreadyDecided = new("ALREADY_DECIDED", 409, "The caller, or a substitute for the caller, has decided otherwise before.");
    public static readonly ErrorCode FormInvalid = new("FORM_INVALID", 422, "The data do not fit the form of the approval request; `details` says where.");
    public static readonly ErrorCode CallbackGone = new("CALLBACK_GONE", 410, "The address was called before, its time is over, or its execution has ended.");
    public static readonly ErrorCode InvitationClosed = new("INVITATION_CLOSED", 409,
        "The invitation was accepted or revoked.");
    public static readonly ErrorCode MailNotConfigured = new("MAIL_NOT_CONFIGURED", 409,
        "The platform was given no mail server (`Mail:Host`), or not its own address (`Api:PublicUrl`): "
            + "nothing can be mailed.");
    public static readonly ErrorCode IdentityProviderFailed = new("IDENTITY_PROVIDER_FAILED", 502,
        "The identity provider cannot be reached, or its answer cannot be believed; the activity says why.");
    public static readonly ErrorCode TenantState = new(
        "TENANT_STATE", 409, "The tenant is in a state that does not allow this; `details` names it.");
    public static readonly ErrorCode OperatorAccessNeeded = new(
        "OPERATOR_ACCESS_NEEDED", 403, "The tenant does not let operators of the platform in at the moment.");
    public static readonly ErrorCode InvoiceState = new(
        "INVOICE_STATE", 409, "The invoice is in a state that does not allow this; what was issued is not changed.");
    public static readonly ErrorCode TermsInForce = new(
        "TERMS_IN_FORCE", 409, "The terms are valid, or somebody has accepted them: publish another version.");
    public static readonly ErrorCode TermsNotAccepted = new(
        "TERMS_NOT_ACCEPTED", 403,
        "Accept the terms first: `GET /terms?current=true`, then `POST /terms/{id}/accept`.");
    public static readonly ErrorCode BudgetExhausted = new(
        "BUDGET_EXHAUSTED", 429,
        "A budget of the tenant is used up and stops starts until `Retry-After`, or until it is raised.");
    public static readonly ErrorCode BuiltInRole = new("BUILT_IN_ROLE", 409, "A built-in role cannot be changed or deleted.");

    // Our side
    public static readonly ErrorCode Unavailable = new("UNAVAILABLE", 503, "Something that the request needs cannot be reached at the moment; try again.");
    public static readonly ErrorCode Internal = new("INTERNAL", 500, "An error on our side. The request id leads to its trace.");

    /// <summary>Every code, in the order of its declaration here and of the documentation.</summary>
    public static IReadOnlyList<ErrorCode> All { get; } =
        [.. typeof(Errors).GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.FieldType == typeof(ErrorCode)).Select(field => (ErrorCode)field.GetValue(null)!)];
}

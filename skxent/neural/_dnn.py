"""DNNClassifier: a feed-forward network on features, or on frames with their neighbours."""

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from skxent.neural._classifier import NeuralClassifier
from skxent.neural._data import Frames
from skxent.neural._networks import ACTIVATIONS, FeedForward


class DNNClassifier(NeuralClassifier):
    r"""Deep feed-forward network trained with the softmax cross-entropy.

    It classifies the rows of a matrix, or the frames of sequences, each spliced
    with its neighbours. Its loss is the mean

    .. math::
        J = \frac{\sum_i w_i \sum_t CE(t_{it}, z_{it})}{\sum_i w_i T_i}, \qquad
        CE(t, z) = \log \sum_k e^{z_k} - t \cdot z

    over the :math:`T_i` frames of each sequence (one, for the rows of a matrix)
    with the logits z of the network, the (smoothed) targets t and the weights w
    of samples and classes. Features are standardised by the means and standard
    deviations of the training frames.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(128,)
        Numbers of hidden units of each layer; empty is a linear model.

    activation : {"relu", "tanh", "sigmoid", "gelu"}, default="relu"
        Activation of the hidden units.

    dropout : float, default=0.1
        Share of hidden units that are dropped in training, in [0, 1).

    batch_norm : bool, default=False
        Whether each hidden layer normalises its units over the batch (in
        predictions, by running means of the training). It needs batches of two
        samples or more.

    context : int, default=0
        Number of neighbours on each side that are spliced to a frame. Beyond the
        edge of a sequence, the frame at the edge is repeated.

    input_noise : float, default=0.0
        Standard deviation of Gaussian noise that is added to the standardised
        features in training, redrawn each time.

    frequency_mask : float, default=0.0
        Largest share of the features, in [0, 1), that is set to zero, their mean, in
        training: for each sample a band of neighbouring columns, redrawn each time, and
        the same for a frame and its neighbours. See :class:`RNNClassifier`, which also
        has a mask over time.

    learning_rate : float, default=0.003
        Step size of AdamW [1]_, before the schedule.

    schedule : {"constant", "inverse_scaling", "step", "cosine", "warmup", "one_cycle", \
            "adaptive"} or callable, default="one_cycle"
        Factor of the learning rate in each epoch, as in
        :class:`~skxent.SoftmaxClassifier`; but named schedules, "adaptive" aside,
        also change it within an epoch.

    batch_size : int, default=128
        Largest number of frames of a batch.

    weight_decay : float, default=0.01
        Decoupled weight decay: each step also multiplies the weight matrices by
        ``1 - learning_rate * weight_decay``. Intercepts and the scales of
        `batch_norm` do not decay.

    max_grad_norm : float or None, default=1.0
        Gradients of a larger Euclidean norm are scaled down to it.

    label_smoothing : float, default=0.0
        Share of each target, in [0, 1], that is spread evenly over the classes.

    class_weight : dict or "balanced", default=None
        Weights of the classes, one by default. "balanced" is inverse to the
        class's share of the samples (in `partial_fit`, of those seen so far).

    max_iter : int, default=60
        Largest number of epochs, passes over the samples.

    tol : float, default=1e-4
        Least decrease of the loss that "adaptive" and `early_stopping` count.

    early_stopping : bool, default=False
        Whether to stop when the cross-entropy of the validation samples has not
        fallen by more than `tol` for `n_iter_no_change` epochs, and to keep the
        weights of its lowest value. These samples are the `X_val` of `fit` (for
        recordings, of other speakers), or else a stratified part of X.

    validation_fraction : float, default=0.1
        Share of the samples, in (0, 1), that `early_stopping` sets aside.

    n_iter_no_change : int, default=10
        Patience of "adaptive" and `early_stopping`, in epochs; ``np.inf`` never ends a fit.

    warm_start : bool, default=False
        Whether `fit` continues from the weights of an earlier fit and from the
        state of its optimizer, schedule and batches (unless `early_stopping` or
        "adaptive" has ended it).

    shuffle : bool, default=True
        Whether batches are redrawn for each epoch.

    device : str, default="auto"
        Where to compute, as PyTorch names it ("cpu", "cuda", "cuda:1"). "auto" is
        the first GPU if there is one, else the CPU. A GPU trains in mixed
        precision. A fitted classifier computes where `device` says at the time.

    random_state : int, RandomState instance or None, default=None
        Draws the first weights, batches, dropout, noise and masks, and the samples that
        `early_stopping` sets aside. On the CPU an int gives the same classifier
        each time.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted, or as given to the first `partial_fit`; 0 to
        ``n_classes - 1`` for targets that are distributions.

    weights_ : dict of str to ndarray
        Weights of the network by the names that PyTorch gives them.

    n_iter_ : int
        Number of epochs of the last `fit`, and of `partial_fit` since.

    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        Cross-entropy at the start, and its mean over the batches of each epoch,
        each before its update, with dropout, noise and masks. A `partial_fit` appends to
        it.

    validation_loss_curve_ : ndarray of shape (n_iter_ + 1,)
        Cross-entropy of the validation samples, with class weights and label
        smoothing. Only where there are such samples.

    validation_score_curve_ : ndarray of shape (n_iter_ + 1,)
        Their accuracy, of frames.

    learning_rate_ : float
        The learning rate used, before the schedule.

    solver_ : "adamw"
        The solver used.

    converged_ : bool
        Whether `early_stopping` or "adaptive" ended the fit. A `partial_fit`
        removes this attribute, `epoch_seconds_` and the validation curves.

    epoch_seconds_ : ndarray of shape (n_iter_,)
        Seconds that each epoch of `fit` took, with its validation.

    gradient_norm_ : float
        Median Euclidean norm of the gradients of the last epoch's batches, before
        they were scaled down.

    n_features_in_ : int
        Number of features of a frame.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X was a data frame.

    Warns
    -----
    ConvergenceWarning
        If the learning rate diverged. The weights of the last epoch with a finite
        loss are kept then.

    See Also
    --------
    RNNClassifier : Sees a frame together with all of its sequence.
    skxent.FramewiseClassifier : The same for any classifier of scikit-learn.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization",
       ICLR 2019.
    .. [2] G. Hinton et al., "Deep neural networks for acoustic modeling in speech
       recognition", IEEE Signal Processing Magazine 29, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.neural import DNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(loc=i % 2, size=(rng.integers(5, 30), 3)) for i in range(40)]
    >>> y = [("low", "high")[i % 2] for i in range(40)]
    >>> classifier = DNNClassifier(context=2, random_state=0).fit(X, y)
    >>> classifier.predict(X[:2])
    array(['low', 'high'], dtype='<U4')
    >>> classifier.predict_frames(X)[0].shape == (len(X[0]),)
    True
    """

    _FORM = (
        "hidden_layer_sizes",
        "activation",
        "dropout",
        "batch_norm",
        "context",
        "input_noise",
        "frequency_mask",
    )

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        **NeuralClassifier._parameter_constraints,
        "hidden_layer_sizes": ["array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "batch_norm": ["boolean"],
        "context": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        hidden_layer_sizes=(128,),
        activation="relu",
        dropout=0.1,
        batch_norm=False,
        context=0,
        input_noise=0.0,
        frequency_mask=0.0,
        learning_rate=0.003,
        schedule="one_cycle",
        batch_size=128,
        weight_decay=0.01,
        max_grad_norm=1.0,
        label_smoothing=0.0,
        class_weight=None,
        max_iter=60,
        tol=1e-4,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        shuffle=True,
        device="auto",
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.context = context
        self.input_noise = input_noise
        self.frequency_mask = frequency_mask
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.shuffle = shuffle
        self.device = device
        self.random_state = random_state

    def _is_framewise(self, form):
        return True

    def _make_data(self, form, frames, lengths):
        return Frames(frames, lengths, form["context"])

    def _make_network(self, form, n_features, n_classes):
        sizes = form["hidden_layer_sizes"]
        if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must hold positive integers, got {sizes!r}")
        return FeedForward(n_features, n_classes, **form)

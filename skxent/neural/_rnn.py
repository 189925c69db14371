"""RNNClassifier: a recurrent network on sequences."""

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from skxent.neural._classifier import NeuralClassifier
from skxent.neural._data import Sequences
from skxent.neural._networks import CELLS, POOLINGS, Recurrent


class RNNClassifier(NeuralClassifier):
    r"""Recurrent network trained with the softmax cross-entropy.

    Gated recurrent units, or long short-term memory, read each sequence. Their
    outputs are pooled over its frames or, with ``targets="frame"``, each frame has
    logits of its own. The loss is the mean

    .. math::
        J = \frac{\sum_i w_i CE(t_i, z_i)}{\sum_i w_i}
        \quad \text{or} \quad
        J = \frac{\sum_i w_i \sum_t CE(t_{it}, z_{it})}{\sum_i w_i T_i}, \qquad
        CE(t, z) = \log \sum_k e^{z_k} - t \cdot z

    over the sequences, or over their :math:`T_i` frames, with the logits z of the
    network, the (smoothed) targets t and the weights w of samples and classes.
    Features are standardised by the means and standard deviations of the
    training frames. There is no padding: the probabilities of a sequence do not
    depend on the others.

    Parameters
    ----------
    cell : {"gru", "lstm"}, default="gru"
        Kind of recurrent unit [2]_ [3]_.

    hidden_size : int, default=64
        Number of units in each direction of each layer.

    n_layers : int, default=1
        Number of layers.

    bidirectional : bool, default=True
        Whether as many units again read the sequence from its end.

    dropout : float, default=0.1
        Share of the outputs of a layer that is dropped in training, in [0, 1).

    pooling : {"mean", "last", "attention"}, default="mean"
        How the outputs of a sequence are pooled: their mean over the frames, the
        outputs after the last frame read, or a mean whose weights are a softmax
        over the frames of a learned score. Not used with ``targets="frame"``.

    targets : {"sequence", "frame"}, default="sequence"
        Whether there are logits for each sequence or for each frame. For frames,
        `y` may have their labels, or one for each sequence that counts for all of
        its frames; a sequence's log-probabilities are then the sum of its frames'.

    input_noise : float, default=0.5
        Standard deviation of Gaussian noise that is added to the standardised
        features in training, redrawn each time.

    time_mask : float, default=0.2
        Largest share of the frames of a sequence, in [0, 1), that is set to zero, the
        mean of all frames, in training [4]_: one stretch of frames of each sequence,
        redrawn each time. Its length is uniform from none to the share, rounded down.
        Labels and weights of the frames stay.

    frequency_mask : float, default=0.25
        The same for the features, in [0, 1): one band of neighbouring columns in all
        frames of a sequence. Of log-mel energies that is a band of frequencies. Of MFCCs
        it is not: each coefficient has a part of all frequencies, and slopes follow after
        the coefficients.

    learning_rate : float, default=0.005
        Step size of AdamW [1]_, before the schedule.

    schedule : {"constant", "inverse_scaling", "step", "cosine", "warmup", "one_cycle", \
            "adaptive"} or callable, default="one_cycle"
        Factor of the learning rate in each epoch, as in
        :class:`~skxent.SoftmaxClassifier`; but named schedules, "adaptive" aside,
        also change it within an epoch.

    batch_size : int, default=64
        Largest number of sequences of a batch.

    weight_decay : float, default=0.01
        Decoupled weight decay: each step also multiplies the weight matrices by
        ``1 - learning_rate * weight_decay``. Intercepts do not decay.

    max_grad_norm : float or None, default=1.0
        Gradients of a larger Euclidean norm are scaled down to it.

    label_smoothing : float, default=0.1
        Share of each target, in [0, 1], that is spread evenly over the classes.

    class_weight : dict or "balanced", default=None
        Weights of the classes, one by default. "balanced" is inverse to the
        class's share of the samples (in `partial_fit`, of those seen so far).

    max_iter : int, default=25
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
        Their accuracy, of frames with ``targets="frame"``.

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
    DNNClassifier : Sees a frame with some neighbours.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization",
       ICLR 2019.
    .. [2] K. Cho et al., "Learning phrase representations using RNN
       encoder-decoder for statistical machine translation", EMNLP 2014.
    .. [3] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural
       Computation 9, 1997.
    .. [4] D. S. Park et al., "SpecAugment: a simple data augmentation method for
       automatic speech recognition", Interspeech 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.neural import RNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = [], []  # what rises and what falls have the same frames
    >>> for i in range(60):
    ...     ramp = np.linspace(-1.0, 1.0, rng.integers(5, 30))[:, np.newaxis]
    ...     X.append(ramp + 0.1 * rng.normal(size=ramp.shape) if i % 2 else -ramp)
    ...     y.append("rises" if i % 2 else "falls")
    >>> classifier = RNNClassifier(hidden_size=16, batch_size=8, random_state=0).fit(X, y)
    >>> classifier.score(X, y) > 0.9
    True
    >>> classifier.predict_proba(X[:5]).shape
    (5, 2)
    """

    _FORM = (
        "cell",
        "hidden_size",
        "n_layers",
        "bidirectional",
        "dropout",
        "pooling",
        "targets",
        "input_noise",
        "time_mask",
        "frequency_mask",
    )

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        **NeuralClassifier._parameter_constraints,
        "cell": [StrOptions(set(CELLS))],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "pooling": [StrOptions(set(POOLINGS))],
        "targets": [StrOptions({"sequence", "frame"})],
        "time_mask": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        cell="gru",
        hidden_size=64,
        n_layers=1,
        bidirectional=True,
        dropout=0.1,
        pooling="mean",
        targets="sequence",
        input_noise=0.5,
        time_mask=0.2,
        frequency_mask=0.25,
        learning_rate=0.005,
        schedule="one_cycle",
        batch_size=64,
        weight_decay=0.01,
        max_grad_norm=1.0,
        label_smoothing=0.1,
        class_weight=None,
        max_iter=25,
        tol=1e-4,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        shuffle=True,
        device="auto",
        random_state=None,
    ):
        self.cell = cell
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.pooling = pooling
        self.targets = targets
        self.input_noise = input_noise
        self.time_mask = time_mask
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
        return form["targets"] == "frame"

    def _make_data(self, form, frames, lengths):
        return Sequences(frames, lengths, per_frame=self._is_framewise(form))

    def _make_network(self, form, n_features, n_classes):
        pooling = None if self._is_framewise(form) else form["pooling"]
        units = {name: form[name] for name in form.keys() - {"targets", "pooling"}}
        return Recurrent(n_features, n_classes, **units, pooling=pooling)
